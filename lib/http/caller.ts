import type middy from "@middy/core";
import type { AccessMode } from "../config/access-mode.ts";
import type { KnownKeys } from "../domain/access/known-keys.ts";
import { ofAllRows } from "../domain/access/narrowed-reader.ts";
import type { Principal } from "../domain/access/principal.ts";
import { refuseBucket } from "../domain/access/scoped-readers.ts";
import { DomainError } from "../domain/errors.ts";
import { indexName } from "../domain/names.ts";
import type { WarmIndexes } from "../domain/search/reader.ts";
import type { HttpEvent } from "./http-handler.ts";
import type { Needs, Operation } from "./operations/operation.ts";
import type { HttpResponse } from "./problem.ts";

/** Who sent a request, and what it is about, as far as that is known. */
export interface Caller {
  principal: Principal;
  index?: string | undefined;
}

const callers = new WeakMap<HttpEvent, Caller>();

/** Undefined where access is open, or nobody was asked for. */
export const callerOf = (event: HttpEvent): Caller | undefined => callers.get(event);

/**
 * Finds out who sends a request, before anything else is looked at. While the store is asked for a key, the index that is
 * to be read is opened.
 * @param keys undefined where access is open
 */
export function authenticate(
  needs: Needs,
  container: () => { access: AccessMode; keys: KnownKeys | undefined; indexes: WarmIndexes },
): middy.MiddlewareObj<HttpEvent, HttpResponse> {
  return {
    before: async ({ event }) => {
      if (needs === "nothing") return;
      const { access, keys, indexes } = container();
      if (!keys) return;
      const open = () => openBehind(indexes, needs, event.pathParameters?.["index"]);
      const principal =
        access === "iam"
          ? await keys.principalOfArn(signerOf(event), open)
          : await keys.principalOf(keyIn(event.headers), open);
      callers.set(event, { principal });
    },
  };
}

/** Whose signature API Gateway has checked. @throws Unauthenticated */
function signerOf({ requestContext }: HttpEvent): string {
  const { authorizer } = (requestContext ?? {}) as { authorizer?: { iam?: { userArn?: unknown } } };
  const arn = authorizer?.iam?.userArn;
  if (typeof arn === "string") return arn;
  throw new DomainError("Unauthenticated", "sign the request by AWS Signature Version 4");
}

/** What is wrong with it is told to who may know. */
function openBehind(indexes: WarmIndexes, needs: Needs, name: unknown): void {
  const { data: index } = indexName.safeParse(name);
  if (index === undefined || !["search", "read"].includes(needs)) return;
  void indexes.use(index, { consistency: "eventual" }, async () => undefined).catch(() => undefined);
}

/** @throws Unauthenticated */
function keyIn(headers: Record<string, string | undefined> = {}): string {
  const key = headers["x-api-key"] ?? /^Bearer +(\S+)$/i.exec(headers["authorization"] ?? "")?.[1];
  if (key !== undefined) return key;
  throw new DomainError("Unauthenticated", "send a key as x-api-key, or as Authorization: Bearer");
}

/**
 * Refuses what is not granted, before the use case that would find nothing there.
 * @throws IndexNotFound, BucketNotFound, Forbidden
 */
export function authorize(
  { needs, names, tellsOfAll }: Operation,
  caller: Caller | undefined,
  { path, body }: { path?: Record<string, unknown>; body?: unknown },
): void {
  if (needs === "nothing" || needs === "known") return;
  if (needs === "keys") refuseKeys(caller);
  if (needs === "keys" || !caller) return;
  const named = names?.(body as never);
  caller.index = named?.index ?? (path?.["index"] as string | undefined);
  caller.principal.refuse(needs, caller.index);
  if (tellsOfAll && caller.principal.filter) throw ofAllRows();
  for (const bucket of named?.buckets ?? []) refuseBucket(caller.principal, bucket);
}

function refuseKeys(caller: Caller | undefined): void {
  if (caller?.principal.isRoot) return;
  const detail = caller
    ? 'only a key with "admin" on * may make keys'
    : "access is open: make the first key with npm run keys";
  throw new DomainError("Forbidden", detail);
}

/** With the same Idempotency-Key two callers send two requests. */
export function ownIdempotencyKey<T>(headers: T, caller: Caller | undefined): T {
  const given = (headers as Record<string, string | undefined> | undefined)?.["idempotency-key"];
  return caller && given ? { ...headers, "idempotency-key": `${caller.principal.id} ${given}` } : headers;
}
