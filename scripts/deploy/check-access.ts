import aws4 from "aws4";
import type { KeyRegistry } from "../../lib/domain/access/key-registry.ts";
import { parseKeyRequest } from "../../lib/domain/access/key-request.ts";
import { keyOfKey } from "../../lib/domain/access/stored-key.ts";
import { DomainError } from "../../lib/domain/errors.ts";
import type { ObjectStore } from "../../lib/domain/object-store.ts";
import type { Authorize } from "../api-client.ts";
import type { Aws } from "./aws.ts";
import { checkedIndexes } from "./check-stage.ts";

const lifetimeMs = 3_600_000;

export interface AccessPlace {
  aws: Aws;
  registry: KeyRegistry;
  primary: ObjectStore;
}

/**
 * Runs a check as somebody who may make, search and drop its indexes, and nobody afterwards.
 * @param use is told how requests say so; undefined where there is no way to
 */
export async function withAccess(
  { aws, registry, primary }: AccessPlace,
  { auth, token }: { auth: string; token?: string },
  use: (authorize?: Authorize) => Promise<void>,
): Promise<void> {
  if (auth !== "keys" && auth !== "iam")
    return use(token === undefined ? undefined : () => ({ authorization: `Bearer ${token}` }));
  const made = auth === "keys" ? await registry.create(request()) : await grantTo(registry, aws.arn);
  const key = made && "key" in made ? `${made.key}` : undefined;
  try {
    await use(key === undefined ? signer(aws) : () => ({ "x-api-key": key }));
  } finally {
    if (made) await primary.delete([keyOfKey(made.id)]);
  }
}

function request() {
  const grants = [
    { actions: ["search", "read", "jobs", "admin"], indexes: [checkedIndexes], buckets: ["primary"] },
  ];
  return parseKeyRequest({
    name: "deploy check",
    grants,
    expiresAt: new Date(Date.now() + lifetimeMs).toISOString(),
  });
}

/** Nothing where something is granted: that has to do. */
async function grantTo(registry: KeyRegistry, arn: string) {
  try {
    return await registry.grant({ ...request(), arn });
  } catch (error) {
    if (error instanceof DomainError && error.kind === "Conflict") return undefined;
    throw error;
  }
}

/** Signature Version 4, as API Gateway asks for it, and Lambda for a function's own URL. */
function signer({ environment }: Aws): Authorize {
  const credentials = {
    accessKeyId: environment["AWS_ACCESS_KEY_ID"] ?? "",
    secretAccessKey: environment["AWS_SECRET_ACCESS_KEY"] ?? "",
    sessionToken: environment["AWS_SESSION_TOKEN"],
  };
  const region = environment["AWS_REGION"];
  return ({ method, url, body }) => {
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const service = url.host.includes(".lambda-url.") ? "lambda" : "execute-api";
    const asked = { service, region, host: url.host, path: url.pathname + url.search };
    const signed = aws4.sign({ ...asked, method, headers, body }, credentials);
    const { Host: _, ...sent } = signed.headers as Record<string, string>; // fetch says it itself
    return sent;
  };
}
