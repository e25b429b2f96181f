import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";

const whole = 'import { z } from "zod";';

/**
 * Of zod a bundle has what is used. `z` as an export is one object, from which esbuild can leave out nothing: 350 KB of
 * messages in fifty languages and of JSON Schema among them. As a namespace it is the same to who uses it.
 */
export const partOfZod: Plugin = {
  name: "part-of-zod",
  setup(build) {
    build.onLoad(
      { filter: /[\\/]lib[\\/](adapters|config|domain|http|task)[\\/].*\.ts$/ },
      async ({ path }) => {
        const source = await readFile(path, "utf8");
        if (!source.includes(whole)) return undefined; // another's to load, then
        return { contents: source.replace(whole, 'import * as z from "zod";'), loader: "ts" };
      },
    );
  },
};
