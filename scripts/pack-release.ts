import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packRelease } from "./release/pack-release.ts";

/** `npm run release:pack -- REF`: keeps the code of a release for test/releases, as CONTRIBUTING.md says. */
const [ref = "HEAD"] = process.argv.slice(2);
const { version, commit, bytes } = packRelease(ref);
const folder = "test/releases";
mkdirSync(folder, { recursive: true });
const file = join(folder, `${version}-${commit.slice(0, 7)}.tar.br`);
writeFileSync(file, bytes);
console.log(`${file}: ${bytes.length} bytes; name it in ${folder}/releases.json`);
