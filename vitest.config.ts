import { resolve } from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    pool: "forks",
    reporters: ["default", "./test/support/closing-line.ts"],
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    env: {
      POWERTOOLS_LOG_LEVEL: process.env["POWERTOOLS_LOG_LEVEL"] ?? "SILENT",
      POWERTOOLS_DEV: "false",
      NODE_COMPILE_CACHE: resolve(import.meta.dirname, ".cache/compiled"), // half of what a process takes to start
    },
    projects: [
      {
        extends: true,
        test: { name: "main", include: ["test/**/*.test.ts"], exclude: ["test/{store,stack,long}/**"] },
      },
      {
        extends: true,
        test: {
          name: "store", // in buckets of their own: much of their time they wait, in which the others go on
          include: ["test/store/**/*.test.ts"],
          globalSetup: "./test/support/stack-setup.ts",
          runner: "./test/support/stack-runner.ts",
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        extends: true,
        test: {
          name: "stack",
          include: ["test/stack/**/*.test.ts"],
          globalSetup: "./test/support/stack-setup.ts",
          runner: "./test/support/stack-runner.ts",
          fileParallelism: false, // there is one stack
          sequence: { groupOrder: 1 }, // after the others, which it would slow down
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
