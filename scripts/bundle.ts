import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { build, type Metafile, type Plugin } from "esbuild";
import { fromLayer } from "./bundle/layer-modules.ts";
import { loadedAtStart } from "./bundle/loaded-at-start.ts";
import { oneArrow } from "./bundle/one-arrow.ts";
import { partOfZod } from "./bundle/part-of-zod.ts";
import { withoutJsonSchema } from "./bundle/without-json-schema.ts";
import { withoutOpenTelemetry } from "./bundle/without-open-telemetry.ts";
import { zipFiles } from "./bundle/zip-files.ts";

const project = resolve(import.meta.dirname, "..");
const folder = "functions";
/** Which of them a stage reads says its LAKEHOUSE_TOML; one artifact serves every stage. */
const lakehouses = ["lakehouse.toml", "localstack/lakehouse.toml", "deploy/lakehouse.toml"];

export interface FunctionsArtifact {
  path: string;
  zippedBytes: number;
  bytes: number;
  files: string[];
}

/**
 * Writes the zip that is every function's code: the same code gives the same bytes.
 * @param path of the zip, from the project's folder
 * @param lakehouse a file in the project that says where the data is; without it the one that LAKEHOUSE_TOML names
 */
export async function bundleFunctions(
  path = "dist/functions.zip",
  lakehouse?: string,
): Promise<FunctionsArtifact> {
  const files = await functionFiles(lakehouse);
  const zip = zipFiles(files);
  const target = resolve(project, path);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, zip);
  const bytes = [...files.values()].reduce((total, file) => total + file.length, 0);
  return { path: target, zippedBytes: zip.length, bytes, files: [...files.keys()] };
}

/** What lies in the functions' folder, by path: bundles, what they look for beside them, and where the data is. */
export async function functionFiles(
  lakehouse = process.env["LAKEHOUSE_TOML"],
): Promise<Map<string, Uint8Array>> {
  const built = await bundles();
  return new Map([
    ...built.flatMap(({ files }) => files),
    ...(await decoderFiles()),
    ...(await lakehouseFiles(lakehouse)),
  ]);
}

/**
 * Handlers keep their names, `functions/search.handler`; all code is in one folder, so that workers are found. What
 * reads for a waiting user is bundled by itself: it would share files with the others, and load more than it uses.
 */
async function bundles(): Promise<Bundle[]> {
  const entries = await entryPoints();
  const readers = entries.filter((entry) => coldStarted.has(entry.out));
  const others = entries.filter((entry) => !coldStarted.has(entry.out));
  return Promise.all([...readers.map((entry) => bundle([entry], [withoutJsonSchema])), bundle(others)]);
}

interface Bundle {
  files: [string, Uint8Array][];
  metafile: Metafile;
}

/**
 * Modules that are loaded when a handler is, with the bytes that are left of them.
 * @param handler such as `search`
 */
export async function modulesOf(handler: string): Promise<Map<string, number>> {
  const entry = `${folder}/${handler}.mjs`;
  const built = (await bundles()).find(({ metafile }) => metafile.outputs[entry]);
  return built ? loadedAtStart(built.metafile, entry) : new Map();
}

/** All modules of which something is in a bundle, by path. */
export async function bundledModules(): Promise<string[]> {
  const outputs = (await bundles()).flatMap(({ metafile }) => Object.values(metafile.outputs));
  const inputs = outputs.flatMap(({ inputs }) => Object.entries(inputs));
  return inputs.flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : []));
}

const coldStarted = new Set(["search", "fetch-document"].map((name) => `${folder}/${name}`));

/** Bundles entries together, as they are deployed. @param leaving out what these do not use */
export async function bundle(entries: EntryPoint[], leaving: Plugin[] = []): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: project,
    entryPoints: entries,
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    outdir: ".",
    outExtension: { ".js": ".mjs" },
    chunkNames: `${folder}/[name]-[hash]`,
    format: "esm",
    platform: "node",
    target: "node24",
    // Half the bytes to parse at a cold start. Names stay, and with them stacks that can be read without source maps.
    minifyWhitespace: true,
    minifySyntax: true,
    // A layer with the addon of another version is refused by name, instead of failing somewhere later.
    define: { __dirname: "import.meta.dirname", "process.env.NAPI_RS_ENFORCE_VERSION_CHECK": '"1"' },
    banner: { js: requireBanner },
    plugins: [fromLayer, oneArrow, partOfZod, withoutOpenTelemetry, ...leaving],
    logLevel: "warning",
  });
  const files = outputFiles.map(({ path, contents }): [string, Uint8Array] => [
    relative(project, path),
    contents,
  ]);
  return { files, metafile };
}

/** CommonJS packages require Node's modules, and the layer's addon is required. */
const requireBanner = [
  'import { createRequire as requireFrom } from "node:module";',
  "const require = requireFrom(import.meta.url);",
].join("\n");

interface EntryPoint {
  in: string;
  out: string;
}

async function entryPoints(): Promise<EntryPoint[]> {
  const names = (await readdir(resolve(project, folder))).sort();
  const handlers = names.map((name) => ({
    in: `${folder}/${name}`,
    out: `${folder}/${name.replace(/\.ts$/, "")}`,
  }));
  return [...handlers, decodeWorker];
}

/** Looked for beside whatever decodes Parquet. */
export const decodeWorker: EntryPoint = {
  in: "lib/adapters/parquet/threads/decode-worker.ts",
  out: `${folder}/decode-worker`,
};

/** Looked for beside the worker, and beside what compares vectors. */
export async function decoderFiles(): Promise<[string, Uint8Array][]> {
  const decoder = createRequire(import.meta.url).resolve("parquet-wasm/node");
  const files = [
    ["parquet_wasm.cjs", decoder],
    ["parquet_wasm_bg.wasm", resolve(dirname(decoder), "parquet_wasm_bg.wasm")],
    ["rehearsal.parquet", resolve(project, "lib/adapters/parquet/threads/rehearsal.parquet")],
    ["distance-kernel.wasm", resolve(project, "lib/adapters/lance/exact/distance-kernel.wasm")],
  ] as const;
  return Promise.all(
    files.map(
      async ([name, file]): Promise<[string, Uint8Array]> => [`${folder}/${name}`, await readFile(file)],
    ),
  );
}

/** Those of the project, and the one that is named if it lies in the project, where it is named. */
async function lakehouseFiles(named?: string): Promise<[string, Uint8Array][]> {
  const paths = [...lakehouses, ...(named ? [relative(project, resolve(project, named))] : [])];
  const outside = paths.find((path) => path.startsWith("..") || isAbsolute(path));
  if (outside)
    throw new Error(
      `LAKEHOUSE_TOML names ${outside}, which is outside the project: it cannot go into the zip`,
    );
  const found = [...new Set(paths)].filter((path) => existsSync(resolve(project, path)));
  return Promise.all(found.map(async (path) => [path, await readFile(resolve(project, path))] as const)).then(
    (files) => files.map(([path, bytes]) => [path, new Uint8Array(bytes)]),
  );
}

if (process.argv[1] === import.meta.filename) {
  const started = performance.now();
  const { path, zippedBytes, bytes, files } = await bundleFunctions();
  const mb = (size: number) => `${(size / 1_048_576).toFixed(1)} MB`;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `${relative(process.cwd(), path)}: ${mb(zippedBytes)}, ${mb(bytes)} unzipped, ${files.length} files, ${seconds} s`,
  );
}
