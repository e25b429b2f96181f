import type { KeyRegistry } from "../../lib/domain/access/key-registry.ts";
import type { ListedKey } from "../../lib/domain/access/key-request.ts";
import { parseKeyRequest } from "../../lib/domain/access/key-request.ts";
import { everyGrant } from "../every-grant.ts";

const pageSize = 100;

/**
 * Makes what nobody could make through the API: the first key that may do everything, or with `iam` the same for who deploys.
 * @returns what to show of it; undefined where there is one already
 */
export async function firstAccess(
  registry: KeyRegistry,
  auth: string,
  arn: string,
): Promise<string | undefined> {
  if (auth !== "keys" && auth !== "iam") return undefined;
  if (await hasAdmin(registry, auth === "iam")) return undefined;
  const request = parseKeyRequest({ name: "first admin", grants: everyGrant });
  if (auth === "keys") return `the first key, shown this once: ${(await registry.create(request)).key}`;
  return `${(await registry.grant({ ...request, arn })).arn} may do everything`;
}

async function hasAdmin(registry: KeyRegistry, byArn: boolean): Promise<boolean> {
  for (let cursor: string | undefined; ; ) {
    const { keys, next } = await registry.list(cursor, pageSize);
    if (keys.some((key) => isAdmin(key, byArn))) return true;
    if (next === null) return false;
    cursor = next;
  }
}

function isAdmin(key: ListedKey, byArn: boolean): boolean {
  if (!("grants" in key)) return false; // cannot be read
  const { arn, token, grants, revokedAt, expiresAt } = key;
  const holds = revokedAt === null && (expiresAt === null || Date.parse(expiresAt) > Date.now());
  const isFor = byArn ? arn !== undefined : arn === undefined && token === undefined;
  return (
    holds &&
    isFor &&
    grants.some(({ actions, indexes }) => actions.includes("admin") && indexes.includes("*"))
  );
}
