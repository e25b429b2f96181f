import type { Plugin } from "esbuild";

/** As Node.js names the processors that Lambda has. */
export type Arch = "x64" | "arm64";

/** What the Lambda layer carries: LanceDB's native addon, which alone is larger than a function's zip may be. */
export const layerModule = (arch: Arch) => `@lancedb/lancedb-linux-${arch}-gnu`;

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
