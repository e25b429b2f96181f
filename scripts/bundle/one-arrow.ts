import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";

const asImported = Symbol("as imported");
const copies = [
  [/createRequire\(import\.meta\.url\)\(path\)/, "bundled"],
  [/await import\(path\)/, "bundled"],
] as const;

/**
 * One copy of Arrow in a bundle, for those who import it and for LanceDB, which requires it. The mending of its writer
 * names modules by a variable, for which esbuild has nothing to resolve: here it mends the one there is.
 */
export const oneArrow: Plugin = {
  name: "one-arrow",
  setup(build) {
    build.onResolve({ filter: /^apache-arrow(\/.+)?$/ }, ({ path, resolveDir, pluginData }) =>
      pluginData === asImported
        ? undefined
        : build.resolve(path, { kind: "import-statement", resolveDir, pluginData: asImported }),
    );
    build.onLoad({ filter: /[\\/]arrow[\\/]all-null-booleans\.ts$/ }, async ({ path }) => ({
      contents: mendingOneCopy(await readFile(path, "utf8"), path),
      loader: "ts",
    }));
  },
};

/** @throws when the source is not what is expected here */
function mendingOneCopy(source: string, path: string): string {
  let contents = `import * as bundled from "apache-arrow/visitor/vectorassembler";\n${source}`;
  for (const [copy, one] of copies) {
    if (!copy.test(contents))
      throw new Error(`${path} takes Arrow in another way than scripts/bundle/one-arrow.ts expects`);
    contents = contents.replace(copy, one);
  }
  return contents;
}
