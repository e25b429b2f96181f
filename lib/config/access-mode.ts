import { DomainError } from "../domain/errors.ts";
import type { Environment } from "./environment.ts";

export type AccessMode = NonNullable<Environment["LAKEHOUSE_AUTH"]>;

/**
 * Who is served: everybody, who has a key, or who signs by an identity of AWS, which API Gateway makes sure of. On AWS it has to be said, and cannot be everybody; a function that has
 * another endpoint for its store runs on a machine of yours, as on LocalStack.
 * @throws ConfigInvalid
 */
export function accessMode({
  LAKEHOUSE_AUTH: asked,
  AWS_LAMBDA_FUNCTION_NAME,
  AWS_ENDPOINT,
  IS_OFFLINE,
}: Environment): AccessMode {
  const isDeployed = AWS_LAMBDA_FUNCTION_NAME !== undefined && !IS_OFFLINE;
  if (!isDeployed && asked === "iam")
    throw new DomainError("ConfigInvalid", "LAKEHOUSE_AUTH=iam is for what is deployed behind API Gateway");
  if (!isDeployed) return asked ?? "open";
  if (asked === undefined || (asked === "open" && AWS_ENDPOINT === undefined))
    throw new DomainError(
      "ConfigInvalid",
      "LAKEHOUSE_AUTH has to be keys or iam: what is deployed is not open",
    );
  return asked;
}
