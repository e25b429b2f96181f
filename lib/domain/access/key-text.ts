/**
 * A key as its holder has it, `sl_{id}_{secret}`: by its id it is found, and its secret proves it. The secret is 256
 * random bits, so that one SHA-256 keeps it as well as a slow hash would: nobody can try enough of them.
 */
export interface KeyText {
  id: string;
  secret: string;
}

const idBytes = 8;
const secretBytes = 32;

export const newSecret = (): string => random(secretBytes, "base64url");
export const newKeyId = (): string => random(idBytes, "hex");

export const keyText = ({ id, secret }: KeyText): string => `sl_${id}_${secret}`;

/** @returns undefined where it is no key's text */
export function partsOf(text: string): KeyText | undefined {
  const [, id, secret] = /^sl_([0-9a-f]{16})_([\w-]{43})$/.exec(text) ?? [];
  return id && secret ? { id, secret } : undefined;
}

/** What is kept of a secret. */
export async function digestOf(secret: string): Promise<string> {
  const hashed = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(secret));
  return Buffer.from(hashed).toString("hex");
}

/** In a time that does not tell where they differ. */
export function isSameDigest(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  let difference = 0;
  for (let i = 0; i < one.length; i++) difference |= one.charCodeAt(i) ^ other.charCodeAt(i);
  return difference === 0;
}

const random = (bytes: number, encoding: BufferEncoding) =>
  Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString(encoding);
