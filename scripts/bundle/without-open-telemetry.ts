import type { Plugin } from "esbuild";

/**
 * LanceDB tells its counters to OpenTelemetry's provider unless it is given another, as it is here (lib/adapters/lance): of
 * that package nothing else is asked.
 */
export const withoutOpenTelemetry: Plugin = {
  name: "without-open-telemetry",
  setup(build) {
    build.onResolve({ filter: /^@opentelemetry\/api$/ }, ({ path }) => ({ path, namespace: "left-out" }));
    build.onLoad({ filter: /.*/, namespace: "left-out" }, () => ({
      contents:
        'module.exports = { get metrics() { throw new Error("this bundle has no OpenTelemetry"); } };',
      loader: "js",
    }));
  },
};
