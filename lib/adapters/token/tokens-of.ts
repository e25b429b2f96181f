import { type AccessMode, isBehindGateway } from "../../config/access-mode.ts";
import type { Environment } from "../../config/environment.ts";
import type { TokenRules, Tokens } from "../../domain/access/tokens.ts";

/** Who makes sure of tokens is loaded with the first of them: where access is otherwise, nobody waits for it. */
export function tokensOf(access: AccessMode, environment: Environment): Tokens | undefined {
  const {
    LAKEHOUSE_JWT_ISSUER: issuer,
    LAKEHOUSE_JWT_AUDIENCE: audiences,
    LAKEHOUSE_JWT_CLAIM: claim,
  } = environment;
  if (access !== "jwt" || issuer === undefined || !audiences) return undefined;
  const rules = { issuer, audiences, claim };
  let loaded: Promise<Tokens> | undefined;
  return {
    rules,
    claimsOf: async (token, told) => {
      loaded ??= load(rules, isBehindGateway(environment));
      return (await loaded).claimsOf(token, told);
    },
  };
}

async function load(rules: TokenRules, isToldByGateway: boolean): Promise<Tokens> {
  if (isToldByGateway) return new (await import("./gateway-tokens.ts")).GatewayTokens(rules);
  return new (await import("./issuer-tokens.ts")).IssuerTokens(rules);
}
