import { limits } from "../../config/limits.ts";
import { DomainError } from "../errors.ts";
import { identityOfToken } from "./identity.ts";
import type { KnownKeys } from "./known-keys.ts";
import type { Principal } from "./principal.ts";
import type { StoredKey } from "./stored-key.ts";
import type { Claims, TokenRules } from "./tokens.ts";

/**
 * What is granted to who sent a token: to its subject, whatever else the token says; else to the one value of the claim that
 * was configured to which something is granted. Grants are never put together: a filter of one would be lost in another.
 * @throws InvalidToken, Forbidden, TooManyRequests, StoreUnavailable
 */
export async function principalOfToken(
  keys: KnownKeys,
  claims: Claims,
  { issuer, claim }: TokenRules,
  meanwhile?: () => void,
): Promise<Principal> {
  const subject = subjectOf(claims, issuer);
  const recordOf = (claim: string, value: string) =>
    keys.recordOf(identityOfToken({ issuer, claim, value }), limits.keyMemoryMs, meanwhile);
  const own = await recordOf("sub", subject);
  if (own) return granted(keys, [own], subject);
  const values = claim === undefined ? [] : valuesOf(claims[claim], claim);
  const records = await Promise.all(values.map((value) => recordOf(claim ?? "", value)));
  return granted(
    keys,
    records.flatMap((one) => one ?? []),
    subject,
  );
}

function granted(keys: KnownKeys, records: StoredKey[], subject: string): Principal {
  const [one, ...others] = records.filter((record) => !keys.isOver(record));
  if (!one) throw new DomainError("Forbidden", "nothing is granted to who sent the token, or not any more");
  if (others.length > 0)
    throw new DomainError(
      "Forbidden",
      `the token has ${others.length + 1} claims with grants, of which one may count`,
    );
  return keys.principal(one, subject);
}

function subjectOf({ iss, sub }: Claims, issuer: string): string {
  if (iss !== issuer) throw new DomainError("InvalidToken", "the token is of another issuer");
  if (typeof sub === "string" && sub !== "" && sub.length <= limits.maxClaimLength) return sub;
  throw new DomainError(
    "InvalidToken",
    `the token has no subject of 1 to ${limits.maxClaimLength} characters`,
  );
}

/** Scopes are words of one text. */
function valuesOf(held: unknown, claim: string): string[] {
  const words =
    typeof held === "string" && ["scope", "scp"].includes(claim) ? held.split(" ") : [held].flat();
  const values = [...new Set(words)].filter(
    (word): word is string => typeof word === "string" && word !== "",
  );
  if (values.length <= limits.maxClaimValues) return values;
  throw new DomainError("Forbidden", `"${claim}" of the token has more than ${limits.maxClaimValues} values`);
}
