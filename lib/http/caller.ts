import type middy from "@middy/core";
import type { AccessMode } from "../config/access-mode.ts";
import { limits } from "../config/limits.ts";
import type { KnownKeys } from "../domain/access/known-keys.ts";
import { ofAllRows } from "../domain/access/narrowed-reader.ts";
import type { Principal } from "../domain/access/principal.ts";
import { refuseBucket } from "../domain/access/scoped-readers.ts";
import type { Tokens } from "../domain/access/tokens.ts";
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
  /** That its request is no longer under way, where they are counted. */
  end?: () => void;
}

interface Door {
  access: AccessMode;
  /** Undefined where access is open. */
  keys: KnownKeys | undefined;
  tokens: Tokens | undefined;
  indexes: WarmIndexes;
}

const callers = new WeakMap<HttpEvent, Caller>();

/** Undefined where access is open, or nobody was asked for. */
export const callerOf = (event: HttpEvent): Caller | undefined => callers.get(event);

/**
 * Finds out who sends a request, before anything else is looked at. While the store is asked for a key, the index that is
 * to be read is opened.
 */
export function authenticate(
  needs: Needs,
  container: () => Door,
): middy.MiddlewareObj<HttpEvent, HttpResponse> {
  const end = ({ event }: { event: HttpEvent }) => {
    const caller = callers.get(event);
    caller?.end?.();
    delete caller?.end; // an answer that fails after all ends once
  };
  return {
    before: async ({ event }) => {
      if (needs === "nothing") return;
      const door = container();
      const { keys } = door;
      if (!keys) return;
      const open = () => openBehind(door.indexes, needs, event.pathParameters?.["index"]);
      const principal = await principalOf(event, { ...door, keys }, open);
      const caller: Caller = { principal };
      callers.set(event, caller);
      const { who, concurrent } = principal;
      if (concurrent !== undefined) caller.end = keys.underWay.begin(who, concurrent);
    },
    after: end,
    onError: end,
  };
}

async function principalOf(
  event: HttpEvent,
  { access, keys, tokens }: Door & { keys: KnownKeys },
  open: () => void,
): Promise<Principal> {
  if (access === "iam") return keys.principalOfArn(signerOf(event), open);
  if (!tokens) return keys.principalOf(keyIn(event.headers), open);
  const claims = await tokens.claimsOf(tokenIn(event.headers), authorizerOf(event).jwt?.claims);
  const { principalOfToken } = await import("../domain/access/token-grants.ts"); // of which nobody else needs anything
  return principalOfToken(keys, claims, tokens.rules, open);
}

/** What API Gateway tells of who asks. */
const authorizerOf = ({ requestContext }: HttpEvent) =>
  (requestContext as { authorizer?: { iam?: { userArn?: unknown }; jwt?: { claims?: unknown } } } | undefined)
    ?.authorizer ?? {};

/** Whose signature API Gateway has checked. @throws Unauthenticated */
function signerOf(event: HttpEvent): string {
  const arn = authorizerOf(event).iam?.userArn;
  if (typeof arn === "string") return arn;
  throw new DomainError("Unauthenticated", "sign the request by AWS Signature Version 4");
}

/** What is wrong with it is told to who may know. */
function openBehind(indexes: WarmIndexes, needs: Needs, name: unknown): void {
  const { data: index } = indexName.safeParse(name);
  if (index === undefined || !["search", "read"].includes(needs)) return;
  void indexes.use(index, { consistency: "eventual" }, async () => undefined).catch(() => undefined);
}

/**
 * Of two keys either may have been added on the way, by a proxy say: which is meant nobody can know.
 * @throws Unauthenticated
 */
function keyIn(headers: Record<string, string | undefined> = {}): string {
  const bearer = /^Bearer +(\S+)$/i.exec(headers["authorization"] ?? "")?.[1];
  const key = headers["x-api-key"] ?? bearer;
  if (bearer?.startsWith("sl_") && bearer !== key)
    throw new DomainError("Unauthenticated", "x-api-key and Authorization hold different keys: send one");
  if (key !== undefined) return key;
  throw new DomainError("Unauthenticated", "send a key as x-api-key, or as Authorization: Bearer");
}

/** @throws Unauthenticated, InvalidToken */
function tokenIn({ authorization = "" }: Record<string, string | undefined> = {}): string {
  const [, sent] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
  if (sent === undefined) throw new DomainError("Unauthenticated", "send a token as Authorization: Bearer");
  if (sent.length <= limits.maxTokenBytes && /^[\w-]+\.[\w-]+\.[\w-]*$/.test(sent)) return sent;
  throw new DomainError("InvalidToken", `that is no JWT of at most ${limits.maxTokenBytes} bytes`);
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
  return caller && given ? { ...headers, "idempotency-key": `${caller.principal.who} ${given}` } : headers;
}
