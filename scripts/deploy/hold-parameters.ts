import { createRequire } from "node:module";
import type { AskedDeployment } from "./asked.ts";

const files = ["../../deploy/parameters.cjs", "../../deploy/access.cjs"];

/** Asks the files that Serverless asks while it packages, before anything is made. @throws naming what is wrong and what would be right */
export async function holdParameters({ stage, auth, params }: AskedDeployment): Promise<void> {
  const given: Record<string, string> = { ...params, auth };
  const param = Object.entries(given).map(([name, value]) => `${name}=${value}`);
  const resolveVariable = async (asked: string) =>
    asked === "sls:stage" ? stage : (given[/^param:(\w+)/.exec(asked)?.[1] ?? ""] ?? defaultIn(asked));
  const load = createRequire(import.meta.url);
  for (const file of files) await load(file)({ options: { param }, resolveVariable });
}

/** What stands behind a variable, in quotes. */
const defaultIn = (asked: string) => /, '(.*)'$/.exec(asked)?.[1] ?? "";
