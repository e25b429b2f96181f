import buildIndex from "../../../statemachines/build-index.asl.json" with { type: "json" };
import exporting from "../../../statemachines/export.asl.json" with { type: "json" };
import migrate from "../../../statemachines/migrate.asl.json" with { type: "json" };
import retry from "../../../statemachines/retry.json" with { type: "json" };

/** The state machines by job type, as they are deployed. */
export const machines: Record<string, Machine> = {
  migrate: withRetry(migrate),
  "build-index": withRetry(buildIndex),
  export: withRetry(exporting),
};

export interface Machine {
  StartAt: string;
  States: Record<string, State>;
}

export interface State {
  Type: string;
  Parameters?: Record<string, unknown>;
  ItemProcessor?: { States: Record<string, State> };
}

/** The task that each Task state calls: `${LoadArn}` is the function of the task `load`. */
export function tasksByState(machine: Pick<Machine, "States">): Record<string, string> {
  return Object.fromEntries(
    Object.entries(machine.States).flatMap(([name, state]): [string, string][] => {
      if (state.ItemProcessor) return Object.entries(tasksByState(state.ItemProcessor));
      const task = /^\$\{(\w+)Arn\}$/.exec(String(state.Parameters?.["FunctionName"]))?.[1];
      return task ? [[name, task.toLowerCase()]] : [];
    }),
  );
}

/** Every task is repeated by the same rules. */
function withRetry(machine: object): Machine {
  return JSON.parse(JSON.stringify(machine).replaceAll(/"\$\{Retry\}"/g, JSON.stringify(retry)));
}
