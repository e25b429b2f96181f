import type { Plugin } from "esbuild";

const asImported = Symbol("as imported");

/** Modules of Arrow that are mended (lib/adapters/arrow). */
const mended = ["visitor/vectorassembler", "util/utf8", "fb/field"].map((name) => `apache-arrow/${name}`);

/**
 * One copy of Arrow in a bundle, for those who import it and for LanceDB, which requires it. Its mending names modules by
 * a variable, for which esbuild has nothing to resolve: here it is given those there are.
 */
export const oneArrow: Plugin = {
  name: "one-arrow",
  setup(build) {
    build.onResolve({ filter: /^apache-arrow(\/.+)?$/ }, ({ path, resolveDir, pluginData }) =>
      pluginData === asImported
        ? undefined
        : build.resolve(path, { kind: "import-statement", resolveDir, pluginData: asImported }),
    );
    build.onLoad({ filter: /[\\/]arrow[\\/]arrow-copies\.ts$/ }, () => ({
      contents: arrowCopies(),
      loader: "ts",
    }));
  },
};

/** In the place of lib/adapters/arrow/arrow-copies.ts. */
function arrowCopies(): string {
  const imports = mended.map((path, i) => `import * as copy${i} from ${JSON.stringify(path)};`);
  const copies = mended.map((path, i) => `${JSON.stringify(path)}: copy${i}`);
  return `${imports.join("\n")}
const copies = { ${copies.join(", ")} };
export async function arrowCopies(path) {
  if (!copies[path]) throw new Error(path + " is not in scripts/bundle/one-arrow.ts");
  return [copies[path]];
}`;
}
