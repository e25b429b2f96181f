import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";

const imported = /await import\(path\)/;

/**
 * Of a bundle there is one copy of Arrow, the one that is required: the mending of its writer needs not import the
 * other, which could not be found beside a bundle. An import of a name that is computed is nothing esbuild can resolve.
 */
export const oneArrow: Plugin = {
  name: "one-arrow",
  setup(build) {
    build.onLoad({ filter: /[\\/]arrow[\\/]all-null-booleans\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      if (!source.includes("import(")) return undefined;
      if (!imported.test(source))
        throw new Error(`${path} imports Arrow in another way than scripts/bundle/one-arrow.ts expects`);
      return { contents: source.replace(imported, "required"), loader: "ts" };
    });
  },
};
