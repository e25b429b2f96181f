import { DomainError } from "../domain/errors.ts";
import type { Environment } from "./environment.ts";

export type AccessMode = NonNullable<Environment["LAKEHOUSE_AUTH"]>;

/**
 * Who is served: everybody, who has a key, who signs by an identity of AWS, which API Gateway makes sure of, or who has a
 * token of an issuer. On AWS it has to be said, and cannot be everybody; a function that has another endpoint for its store
 * runs on a machine of yours, as on LocalStack.
 * @throws ConfigInvalid
 */
export function accessMode(environment: Environment): AccessMode {
  const { LAKEHOUSE_AUTH: asked, AWS_ENDPOINT } = environment;
  if (asked === "jwt") refuseWithoutIssuer(environment);
  const isDeployed = isFunction(environment);
  if (!isDeployed && asked === "iam")
    throw new DomainError("ConfigInvalid", "LAKEHOUSE_AUTH=iam is for what is deployed behind API Gateway");
  if (!isDeployed) return asked ?? "open";
  if (asked === undefined || (asked === "open" && AWS_ENDPOINT === undefined))
    throw new DomainError(
      "ConfigInvalid",
      "LAKEHOUSE_AUTH has to be keys, iam or jwt: what is deployed is not open",
    );
  return asked;
}

/** Whether API Gateway stands before a function, and so has made sure of what it tells. */
export const isBehindGateway = (environment: Environment): boolean =>
  isFunction(environment) && environment.AWS_ENDPOINT === undefined;

const isFunction = ({ AWS_LAMBDA_FUNCTION_NAME, IS_OFFLINE }: Environment) =>
  AWS_LAMBDA_FUNCTION_NAME !== undefined && !IS_OFFLINE;

function refuseWithoutIssuer({ LAKEHOUSE_JWT_ISSUER, LAKEHOUSE_JWT_AUDIENCE }: Environment): void {
  if (LAKEHOUSE_JWT_ISSUER === undefined || LAKEHOUSE_JWT_AUDIENCE === undefined)
    throw new DomainError(
      "ConfigInvalid",
      "LAKEHOUSE_AUTH=jwt needs LAKEHOUSE_JWT_ISSUER and LAKEHOUSE_JWT_AUDIENCE",
    );
}
