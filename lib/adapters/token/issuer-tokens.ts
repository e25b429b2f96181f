import { JOSENotSupported, JWKSMultipleMatchingKeys, JWKSNoMatchingKey } from "jose/errors";
import { createRemoteJWKSet, customFetch, type RemoteJWKSet } from "jose/jwks/remote";
import { type JWTVerifyGetKey, jwtVerify } from "jose/jwt/verify";
import { isIssuersUrl } from "../../config/issuer-url.ts";
import { limits } from "../../config/limits.ts";
import type { Claims, TokenRules, Tokens } from "../../domain/access/tokens.ts";
import { DomainError } from "../../domain/errors.ts";
import { IssuerRequests } from "./issuer-requests.ts";

/** Of key pairs alone: who can check a token cannot make one. */
const algorithms = ["RS", "PS", "ES"].flatMap((kind) => [256, 384, 512].map((bits) => `${kind}${bits}`));
const options = {
  algorithms: [...algorithms, "EdDSA", "Ed25519"],
  requiredClaims: ["exp", "sub"],
  clockTolerance: limits.tokenToleranceMs / 1_000,
};

/** Makes sure of tokens by the keys that their issuer publishes. */
export class IssuerTokens implements Tokens {
  readonly rules: TokenRules;
  readonly #requests = new IssuerRequests();
  #keys: Promise<RemoteJWKSet> | undefined;

  constructor(rules: TokenRules) {
    this.rules = rules;
  }

  async claimsOf(token: string): Promise<Claims> {
    const { issuer, audiences } = this.rules;
    try {
      const held = { ...options, issuer, audience: [...audiences] };
      return (await jwtVerify(token, this.#keyOf, held)).payload;
    } catch (error) {
      if (error instanceof DomainError) throw error;
      throw new DomainError(
        "InvalidToken",
        "the token is not one of the issuer's that holds now, for this API",
        {
          cause: error,
        },
      );
    }
  }

  readonly #keyOf: JWTVerifyGetKey = async (header, token) => {
    this.#keys ??= this.#published();
    const keys = await this.#keys.catch((error) => this.#refuse(error));
    return keys(header, token).catch((error) => {
      if (wrongTokens.some((kind) => error instanceof kind)) throw error;
      return this.#refuse(error, keys.fresh);
    });
  };

  /** Where it publishes them may have changed, unless there are keys that still hold. */
  #refuse(cause: unknown, stillHold = false): never {
    if (!stillHold) this.#keys = undefined;
    throw new DomainError("IssuerUnavailable", "the issuer does not tell its keys", { cause });
  }

  async #published(): Promise<RemoteJWKSet> {
    const { issuer } = this.rules;
    const at = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const { issuer: named, jwks_uri } = await this.#requests.json(at);
    const isSafe = isIssuersUrl(jwks_uri) && (issuer.startsWith("http:") || jwks_uri.startsWith("https:"));
    if (named !== issuer || !isSafe)
      throw new Error(`${at} is not of this issuer, or names no https for its keys`);
    return createRemoteJWKSet(new URL(jwks_uri), {
      timeoutDuration: limits.issuerTimeoutMs,
      cacheMaxAge: limits.issuerKeysMs,
      cooldownDuration: limits.unknownIssuerKeyMs,
      [customFetch]: this.#requests.fetch,
    });
  }
}

/** What is wrong with a token, not with what the issuer answers. */
const wrongTokens = [JWKSNoMatchingKey, JWKSMultipleMatchingKeys, JOSENotSupported];
