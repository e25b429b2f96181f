import { writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import type { Reporter, TestCase, TestModule } from "vitest/node";
import { versions } from "../../lib/config/versions.ts";

declare module "vitest" {
  interface TaskMeta {
    /** What a long test measured, for the report. */
    figures?: string;
  }
}

const file = "bench/results/long.md";

/** Writes what the long tests did, and what they measured, where the README finds it. */
export default class LongReport implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const rows = tests.map(rowOf).sort();
    const date = new Date().toISOString().slice(0, 10);
    const machine = `${cpus()[0]?.model ?? "unknown"}, ${cpus().length} cores, ${Math.round(totalmem() / 1_024 ** 3)} GiB`;
    writeFileSync(
      file,
      `${[
        `${date}, ${machine}, which MinIO, LocalStack and the functions share; node ${process.version}, lancedb ${versions["@lancedb/lancedb"]}.`,
        "",
        "| test | result | seconds | measured |",
        "|---|---|---:|---|",
        ...rows,
      ].join("\n")}\n`,
    );
  }
}

function rowOf(test: TestCase): string {
  const seconds = Math.round((test.diagnostic()?.duration ?? 0) / 1_000);
  return `| ${test.fullName.replaceAll("|", "/")} | ${test.result().state} | ${seconds} | ${test.meta().figures ?? ""} |`;
}
