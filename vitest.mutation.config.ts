import { defineConfig } from "vitest/config";

/**
 * What a changed line of the domain is tried against: its unit tests, which take seconds. Left out are those of stored
 * documents, which start whole applications for a minute, and of adapters: they cover nothing more of what is changed.
 */
export default defineConfig({
  test: {
    pool: "forks",
    testTimeout: 20_000,
    include: ["test/unit/*.test.ts"],
    exclude: [
      "test/unit/{damaged-documents,newer-formats,unknown-fields}.test.ts",
      "test/unit/{copy-folder,places,varint}.test.ts",
    ],
  },
});
