import type { Reporter, TestModule } from "vitest/node";

/** Ends the output with one plain line: `N passed, N failed`. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    const broken = modules.filter((module) => module.errors().length > 0).length;
    const skipped = count("skipped") > 0 ? `, ${count("skipped")} skipped` : "";
    const line = `${count("passed")} passed, ${count("failed") + broken + errors.length} failed${skipped}`;
    process.once("exit", () => process.stdout.write(`${line}\n`));
  }
}
