import packageJson from "../../package.json" with { type: "json" };

/** What runs, for GET /health. */
export const versions: Record<string, string> = {
  [packageJson.name]: packageJson.version,
  "@lancedb/lancedb": packageJson.dependencies["@lancedb/lancedb"],
  "parquet-wasm": packageJson.dependencies["parquet-wasm"],
  node: process.versions.node,
};
