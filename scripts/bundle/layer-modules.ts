import type { Plugin } from "esbuild";

/** What the Lambda layer carries: LanceDB's native addon, which alone is larger than a function's zip may be. */
export const layerModule = "@lancedb/lancedb-linux-x64-gnu";

/** Addons of the platforms, one of which is there, and packages of embedding functions, which nobody installs. */
const required = /^(@lancedb\/lancedb-[\w-]+(\/package\.json)?|openai|@huggingface\/transformers)$|\.node$/;

/**
 * Leaves the addon out of a bundle: it is required where LanceDB's own code requires it, from the layer under NODE_PATH.
 * LanceDB's code itself is bundled, and Arrow, 220 modules that take 60 ms to load one by one.
 */
export const fromLayer: Plugin = {
  name: "from-layer",
  setup(build) {
    build.onResolve({ filter: required }, ({ path }) => ({ path, external: true }));
  },
};
