import { relative } from "node:path";
import type { Reporter, TestModule, Vitest } from "vitest/node";

/** Ends the output with one plain line: `N passed, N failed`. Before it stands what could not run here, and why. */
export default class ClosingLine implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    const broken = modules.filter((module) => module.errors().length > 0).length;
    const skipped = count("skipped") > 0 ? `, ${count("skipped")} skipped` : "";
    const line = `${count("passed")} passed, ${count("failed") + broken + errors.length} failed${skipped}`;
    const notice = this.#withoutStack(modules);
    process.once("exit", () => process.stdout.write(`${notice}${line}\n`));
  }

  #withoutStack(modules: readonly TestModule[]): string {
    const withStack = this.#vitest?.projects.filter(({ name }) => name === "store" || name === "stack") ?? [];
    const reason = withStack.map((project) => project.getProvidedContext().stackUnavailable).find(Boolean);
    const names = withStack.map(({ name }) => name);
    const files = modules.filter((module) => names.includes(module.project.name));
    if (!reason || files.length === 0) return "";
    const paths = files.map(({ moduleId }) => `  ${relative(process.cwd(), moduleId)}`).sort();
    return `\nNOT RUN, for want of the local stack:\n${paths.join("\n")}\n${reason}\n\n`;
  }
}
