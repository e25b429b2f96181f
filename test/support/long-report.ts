import { existsSync, readFileSync, writeFileSync } from "node:fs";
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
const headings = ["| test | result | on | seconds | measured |", "|---|---|---|---:|---|"];

/** Writes what the long tests did, and what they measured; what did not run now stays as it was found when it last did. */
export default class LongReport implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const ran = tests.filter((test) => test.result().state !== "skipped");
    const rows = new Map([
      ...earlierRows(),
      ...ran.map((test): [string, string] => [nameOf(test), rowOf(test)]),
    ]);
    const machine = `${cpus()[0]?.model ?? "unknown"}, ${cpus().length} cores, ${Math.round(totalmem() / 1_024 ** 3)} GiB`;
    const last = `Last on a machine with ${machine}, which MinIO, LocalStack and the functions share; node ${process.version}, lancedb ${versions["@lancedb/lancedb"]}.`;
    writeFileSync(file, `${[last, "", ...headings, ...[...rows.values()].sort()].join("\n")}\n`);
  }
}

function earlierRows(): [string, string][] {
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  const rows = lines.slice(lines.indexOf(headings[1] ?? "") + 1).filter((line) => line.startsWith("| "));
  return rows.map((row) => [row.split(" | ")[0]?.slice(2) ?? "", row]);
}

const nameOf = (test: TestCase) => test.fullName.replaceAll("|", "/");

function rowOf(test: TestCase): string {
  const seconds = Math.round((test.diagnostic()?.duration ?? 0) / 1_000);
  const on = new Date().toISOString().slice(0, 10);
  return `| ${nameOf(test)} | ${test.result().state} | ${on} | ${seconds} | ${test.meta().figures ?? ""} |`;
}
