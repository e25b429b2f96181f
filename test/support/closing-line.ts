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
    const project = this.#vitest?.projects.find(({ name }) => name === "stack");
    const reason = project?.getProvidedContext().stackUnavailable;
    const files = modules.filter((module) => module.project.name === "stack");
    if (!reason || files.length === 0) return "";
    const names = files.map(({ moduleId }) => `  ${relative(process.cwd(), moduleId)}`).sort();
    return `\nNOT RUN, for want of the local stack:\n${names.join("\n")}\n${reason}\n\n`;
  }
}
