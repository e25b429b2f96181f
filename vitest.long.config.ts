import { defineConfig } from "vitest/config";
import base from "./vitest.config.ts";

/** What takes too long for every run: the stack's tests with more rows, more kills and more damaged files. */
export default defineConfig({
  test: {
    ...base.test,
    reporters: ["verbose", "./test/support/long-report.ts", "./test/support/closing-line.ts"],
    projects: [
      {
        extends: true,
        test: {
          name: "stack",
          include: ["test/long/**/*.test.ts"],
          globalSetup: "./test/support/stack-setup.ts",
          runner: "./test/support/stack-runner.ts",
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
