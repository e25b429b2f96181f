import { z } from "zod";
import { entryDamaged, type Origin, parseStored } from "../stored/stored-json.ts";
import { filter } from "../values/filter.ts";
import { grants } from "./grants.ts";
import { identityOfToken } from "./identity.ts";

export const keysFolder = "registry/keys/";
export const keyOfKey = (id: string) => `${keysFolder}${id}.json`;

/** An API key as it is stored: of its secrets the digests alone. One of an identity that others vouch for has none. */
export const storedKey = z.object({
  id: z.string(),
  name: z.string(),
  /** Whose it is, where AWS says who asks. */
  arn: z.string().optional(),
  /** The same, of an issuer's tokens: of those with this claim. */
  token: z.object({ issuer: z.string(), claim: z.string(), value: z.string() }).optional(),
  grants,
  filter: filter.optional(),
  rate: z.object({ perSecond: z.number(), burst: z.number().optional() }).optional(),
  concurrent: z.number().optional(),
  /** The newest first; one that was rotated holds until then. */
  secrets: z.array(z.object({ sha256: z.string(), until: z.string().nullable() })),
  createdAt: z.string(),
  expiresAt: z.string().nullable(),
  revokedAt: z.string().nullable(),
});
export type StoredKey = z.infer<typeof storedKey>;

/** Whom somebody has to vouch for; undefined of a key with a secret. */
export const identityOfKey = ({ arn, token }: Pick<StoredKey, "arn" | "token">): string | undefined =>
  arn ?? (token && identityOfToken(token));

const originOf = (id: string): Origin => ({
  kind: "key",
  what: `key "${id}"`,
  remedy: "revoke it, and make another",
});

/** @throws EntryDamaged, NeedsNewerRelease */
export function parsedKey(id: string, body: Uint8Array): StoredKey {
  const key = parseStored(storedKey, body, originOf(id));
  if (key.id !== id) throw entryDamaged(originOf(id));
  return key;
}
