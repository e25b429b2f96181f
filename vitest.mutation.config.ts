import { defineConfig } from "vitest/config";

/**
 * What a changed line of the domain is tried against: its unit tests, which take seconds. Those of stored documents and
 * of adapters start whole applications, and cover of what is mutated only what the others do, too.
 */
export default defineConfig({
  test: {
    pool: "forks",
    testTimeout: 20_000,
    include: ["test/unit/*.test.ts"],
    exclude: [
      "test/unit/{damaged-documents,newer-formats,unknown-fields,logged-error}.test.ts",
      "test/unit/{copy-folder,places,varint}.test.ts",
    ],
  },
});
