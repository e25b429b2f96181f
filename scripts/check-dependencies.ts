import { mkdir, readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import {
  type Asked,
  askedOfAll,
  askedOfProduction,
  askedSignatures,
  knownIn,
  told,
  type WrittenDown,
} from "./dependencies/advisories.ts";
import { deployedPackages } from "./dependencies/deployed-packages.ts";
import { withoutHash } from "./dependencies/hashes.ts";
import { refusedLicences } from "./dependencies/licences.ts";
import { deployedSbom, isOfProduction, validateSbom, wholeSbom } from "./dependencies/sbom.ts";

/** Looks at what others have written of what is deployed: writes its SBOM, checks licences and advisories. */
const [ofProduction, ofAll, signatures] = await Promise.all([
  askedOfProduction(),
  askedOfAll(),
  askedSignatures(),
]);
const [whole, deployed, { packages }] = await Promise.all([
  wholeSbom(),
  deployedPackages(),
  read("package-lock.json"),
]);
const wrong: string[] = [];

const sbom = deployedSbom(whole, deployed);
await validateSbom(sbom);
const file = resolve(import.meta.dirname, "../dist/sbom.cdx.json");
await mkdir(resolve(file, ".."), { recursive: true });
await writeFile(file, `${JSON.stringify(sbom, null, 2)}\n`);
console.log(`dist/sbom.cdx.json: ${sbom.components.length} packages are deployed`);

const production = whole.components.filter(isOfProduction);
const refused = refusedLicences(production, deployed);
wrong.push(...refused.map((one) => `licence: ${one}`));
console.log(
  `licences: ${production.length} packages that production may need, ${refused.length} not allowed`,
);

const { refused: unhashed, elsewhere } = withoutHash(packages);
wrong.push(...unhashed.map((one) => `without a hash: ${one}`));
const open = elsewhere.filter((one) => deployed.has(one));
if (open.length > 0) console.warn(`NOT CHECKED, hashes of ${open.join(", ")}: the lock file has none`);

const written: WrittenDown = await read("scripts/dependencies/known-advisories.json");
const known = knownIn(packages, written.advisories);
wrong.push(...known.map((one) => `advisory: ${one}`));
console.log(told(written, known));
say("advisories of what production needs", ofProduction);
say("advisories of everything else, high and critical", ofAll);
say("signatures", signatures);

for (const one of wrong) console.error(one);
if (wrong.length > 0) process.exitCode = 1;

/** Where nobody could be asked that is said, and is no failure: CI would be red for want of a network. */
function say(what: string, asked: Asked): void {
  if ("unreachable" in asked) {
    console.warn(`NOT CHECKED, ${what}: the registry does not tell (${asked.unreachable})`);
    return;
  }
  wrong.push(...asked.found.map((one) => `${what}: ${one}`));
  console.log(`${what}: ${asked.found.length} found`);
}

async function read(path: string) {
  return JSON.parse(await readFile(resolve(import.meta.dirname, "..", path), "utf8"));
}
