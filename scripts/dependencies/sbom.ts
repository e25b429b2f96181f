import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { promisify } from "node:util";

const project = resolve(import.meta.dirname, "../..");

export interface Component {
  "bom-ref": string;
  name: string;
  version: string;
  properties?: { name: string; value: string }[];
  licenses?: { license?: { id?: string; name?: string }; expression?: string }[];
}

/** What npm writes of CycloneDX 1.5, as far as it is looked at here. */
export interface Sbom {
  specVersion: string;
  metadata: { component: Component };
  components: Component[];
  dependencies: { ref: string; dependsOn?: string[] }[];
}

/** Of all that the lock file holds, for every platform. `--omit dev` would leave out what development needs, too. */
export async function wholeSbom(): Promise<Sbom> {
  const args = ["sbom", "--sbom-format", "cyclonedx", "--package-lock-only"];
  const { stdout } = await promisify(execFile)("npm", args, { cwd: project, maxBuffer: 64 * 1_048_576 });
  return JSON.parse(stdout);
}

/** Whether production may need it, on some platform. */
export const isOfProduction = ({ properties = [] }: Component): boolean =>
  !properties.some(({ name, value }) => name === "cdx:npm:package:development" && value === "true");

/**
 * The part of it that is deployed, under the project's own name, which npm takes from the folder's.
 * @param deployed as `name@version`
 * @throws where one of these is missing
 */
export function deployedSbom(sbom: Sbom, deployed: ReadonlySet<string>): Sbom {
  const components = sbom.components.filter(({ name, version }) => deployed.has(`${name}@${version}`));
  const listed = new Set(components.map(({ name, version }) => `${name}@${version}`));
  const missing = [...deployed].filter((one) => !listed.has(one));
  if (missing.length > 0) throw new Error(`deployed, and not in the lock file: ${missing.join(", ")}`);
  const root = sbom.metadata.component;
  const refs = new Set([root["bom-ref"], ...components.map((one) => one["bom-ref"])]);
  const dependencies = sbom.dependencies
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) }));
  const name = root["bom-ref"].replace(/@[^@]*$/, "");
  return { ...sbom, metadata: { ...sbom.metadata, component: { ...root, name } }, components, dependencies };
}

/** @throws with what does not fit CycloneDX's own schema */
export async function validateSbom({ specVersion, ...sbom }: Sbom): Promise<void> {
  const require = createRequire(import.meta.url);
  const schemas = resolve(require.resolve("@cyclonedx/cyclonedx-library/package.json"), "../res/schema");
  const schema = async (name: string) => JSON.parse(await readFile(resolve(schemas, name), "utf8"));
  const Ajv = require("ajv").default;
  const ajv = new Ajv({ strict: false, validateFormats: false });
  ajv.addSchema(
    await schema("spdx.SNAPSHOT.schema.json"),
    "http://cyclonedx.org/schema/spdx.SNAPSHOT.schema.json",
  );
  ajv.addSchema(
    await schema("jsf-0.82.SNAPSHOT.schema.json"),
    "http://cyclonedx.org/schema/jsf-0.82.SNAPSHOT.schema.json",
  );
  const validate = ajv.compile(await schema(`bom-${specVersion}.SNAPSHOT.schema.json`));
  if (validate({ specVersion, ...sbom })) return;
  throw new Error(`the SBOM is not CycloneDX ${specVersion}: ${ajv.errorsText(validate.errors)}`);
}
