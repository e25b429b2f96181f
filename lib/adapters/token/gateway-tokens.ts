import type { Claims, TokenRules, Tokens } from "../../domain/access/tokens.ts";
import { DomainError } from "../../domain/errors.ts";

/**
 * Tokens of which API Gateway has made sure. It tells of each claim as a text, of a list, too, in which a value with a space
 * reads as two; so lists are taken from the token itself, as far as they read as what was told.
 */
export class GatewayTokens implements Tokens {
  readonly rules: TokenRules;

  constructor(rules: TokenRules) {
    this.rules = rules;
  }

  async claimsOf(token: string, toldOf: unknown): Promise<Claims> {
    if (!isObject(toldOf)) throw new DomainError("InvalidToken", "nobody has made sure of the token");
    const sent = Object.entries(payloadOf(token));
    return Object.fromEntries(sent.filter(([name, value]) => readAs(value) === readAs(toldOf[name])));
  }
}

function payloadOf(token: string): Claims {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    if (isObject(payload)) return payload;
  } catch {} // said below
  throw new DomainError("InvalidToken", "the token cannot be read");
}

const isObject = (value: unknown): value is Claims =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whatever lists are written as. */
const readAs = (value: unknown) =>
  [value]
    .flat()
    .join(" ")
    .replace(/[[\],"\s]+/g, " ")
    .trim();
