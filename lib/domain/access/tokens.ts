export type Claims = Record<string, unknown>;

/** Whose tokens are taken, and for what. */
export interface TokenRules {
  issuer: string;
  audiences: readonly string[];
  /** To whose values something may be granted, beside subjects. */
  claim: string | undefined;
}

/** Whoever makes sure of tokens. */
export interface Tokens {
  rules: TokenRules;
  /**
   * What a token says that holds now.
   * @param told what stands before the function says of it
   * @throws InvalidToken, IssuerUnavailable
   */
  claimsOf(token: string, told: unknown): Promise<Claims>;
}
