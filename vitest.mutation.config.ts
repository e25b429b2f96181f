import { defineConfig } from "vitest/config";

/** What a changed line of the domain is tried against: its unit tests, which take seconds. */
export default defineConfig({
  test: {
    pool: "forks",
    testTimeout: 20_000,
    include: ["test/unit/*.test.ts", "test/unit/{statemachines,config}/**/*.test.ts"],
  },
});
