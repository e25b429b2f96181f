import type { Plugin } from "esbuild";

/** What the Lambda layer carries: LanceDB's native file alone is larger than a function's zip may be. */
export const layerModules = ["@lancedb/lancedb", "apache-arrow"] as const;

const layerModule = new RegExp(`^(${layerModules.join("|")})(/|$)`);

/**
 * Leaves the modules of the layer out of a bundle. They lie under NODE_PATH, which `import` does not look at and
 * `require` does: so imports of them become a CommonJS module that requires them.
 */
export const fromLayer: Plugin = {
  name: "from-layer",
  setup(build) {
    build.onResolve({ filter: layerModule }, ({ path, namespace }) =>
      namespace === "layer" ? { path, external: true } : { path, namespace: "layer" },
    );
    build.onLoad({ filter: /.*/, namespace: "layer" }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)});`,
    }));
  },
};
