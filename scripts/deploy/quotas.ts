import { GetAccountSettingsCommand } from "@aws-sdk/client-lambda";
import type { Aws } from "./aws.ts";

const unreserved = 100; // executions that Lambda keeps for functions without any of their own
const mb = (bytes: number) => `${(bytes / 1_048_576).toFixed(1)} MB`;

export interface Quotas {
  executions: number;
  unzippedBytes: number;
}

export async function quotasOf({ lambda }: Aws): Promise<Quotas> {
  const { AccountLimit = {} } = await lambda.send(new GetAccountSettingsCommand({}));
  const { ConcurrentExecutions = 10, CodeSizeUnzipped = 262_144_000 } = AccountLimit;
  return { executions: ConcurrentExecutions, unzippedBytes: CodeSizeUnzipped };
}

/** @throws where the account has not the executions that parameters reserve */
export function holdReserved({ executions }: Quotas, params: Record<string, string>): void {
  const names = ["searchConcurrency", "loadConcurrency", "buildConcurrency"];
  const reserved = names.reduce((sum, name) => sum + Number(params[name] ?? 0), 0);
  if (reserved === 0 || reserved <= executions - unreserved) return;
  throw new Error(
    `${reserved} executions are to be reserved (${names.join(", ")}), of ${executions} that the account has, of which ${unreserved} stay unreserved: ask for more of Service Quotas, Lambda, Concurrent executions, or reserve fewer`,
  );
}

/** @throws where a function and its layer are larger than Lambda takes */
export function holdSize({ unzippedBytes }: Quotas, functions: number, layer: number): void {
  if (functions + layer <= unzippedBytes) return;
  throw new Error(
    `functions have ${mb(functions)} and the layer ${mb(layer)} unzipped; Lambda takes ${mb(unzippedBytes)} of both. Is \`strip\` (binutils) installed?`,
  );
}
