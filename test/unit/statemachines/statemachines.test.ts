import aslValidator from "asl-validator";
import { describe, expect, test } from "vitest";
import { machines, tasksByState } from "../../../lib/adapters/workflow/machines.ts";
import { errorTable } from "../../../lib/domain/error-table.ts";
import { tasks } from "../../../lib/task/tasks.ts";

interface State {
  Type: string;
  Resource?: string;
  Retry?: { ErrorEquals: string[] }[];
  Catch?: { ErrorEquals: string[]; Next: string }[];
  ItemProcessor?: { ProcessorConfig: { Mode: string }; States: Record<string, State> };
  [field: string]: unknown;
}

function statesOf(states: Record<string, State>): [string, State][] {
  return Object.entries(states).flatMap(([name, state]): [string, State][] => [
    [name, state],
    ...(state.ItemProcessor ? statesOf(state.ItemProcessor.States) : []),
  ]);
}

describe.each(Object.entries(machines))("%s", (_, machine) => {
  const text = JSON.stringify(machine);
  const states = statesOf(machine.States as unknown as Record<string, State>);

  test("is valid Amazon States Language", () => {
    const { isValid, errorsText } = aslValidator(
      JSON.parse(text.replaceAll(/\$\{\w+Arn\}/g, "arn:aws:lambda:us-east-1:123456789012:function:f")),
    );
    expect(isValid, errorsText("\n")).toBe(true);
  });

  test("keeps to what every interpreter of it understands", () => {
    expect(text).not.toMatch(/QueryLanguage|"Assign"|\{%|ItemReader|ItemBatcher|DISTRIBUTED/);
    const types = new Set(states.map(([, { Type }]) => Type));
    for (const type of types)
      expect(["Task", "Map", "Choice", "Pass", "Wait", "Succeed", "Fail"]).toContain(type);
    for (const [, state] of states) {
      if (state.Type === "Task") {
        expect(state.Resource).toBe("arn:aws:states:::lambda:invoke");
        expect(state["TimeoutSeconds"]).toBeGreaterThan(900); // without it an interpreter may assume 60
      }
      if (state.ItemProcessor) expect(state.ItemProcessor.ProcessorConfig.Mode).toBe("INLINE");
    }
  });

  test("calls tasks that there are", () => {
    const called = Object.values(tasksByState(machine));
    for (const task of called) expect([...Object.keys(tasks), "discard"]).toContain(task);
  });

  test("repeats what ran out of time once: it would again", () => {
    for (const [, state] of states.filter(([, { Type }]) => Type === "Task"))
      for (const error of ["TaskTimedOut", "Sandbox.Timedout", "States.Timeout"]) {
        const retrier = state.Retry?.find(({ ErrorEquals }) => ErrorEquals.includes(error));
        expect(retrier).toMatchObject({ MaxAttempts: 1 });
      }
  });

  test("tries again what can pass, by names of errors that there are, and discards after every other failure", () => {
    const retryable = Object.entries(errorTable)
      .filter(([, { retryable: yes }]) => yes)
      .map(([kind]) => kind);
    for (const [, state] of states.filter(([, { Type }]) => Type === "Task"))
      for (const error of state.Retry?.flatMap(({ ErrorEquals }) => ErrorEquals) ?? [])
        if (!/[.]/.test(error)) expect(retryable).toContain(error);
    const building = Object.entries(machine.States as unknown as Record<string, State>).filter(
      ([state, { Type }]) => ["Task", "Map"].includes(Type) && !["Discard", "Retire"].includes(state),
    );
    for (const [, state] of building)
      expect(state.Catch).toEqual([
        expect.objectContaining({ ErrorEquals: ["States.ALL"], Next: "Discard" }),
      ]);
  });
});
