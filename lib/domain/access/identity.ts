import { digestOf } from "./key-text.ts";

/** Of tokens of an issuer those whose claim has a value: `sub`, or another that was configured. */
export interface TokenClaim {
  issuer: string;
  claim: string;
  value: string;
}

/**
 * The role or user behind whoever signed a request, as a grant names it: of a role's session the role, without its path,
 * which sessions do not tell. Names of roles and users are unique in their account without it.
 */
export function identityOf(arn: string): string {
  return arn
    .replace(/^arn:([\w-]+):sts::(\d{12}):assumed-role\/([^/]+)\/.+$/, "arn:$1:iam::$2:role/$3")
    .replace(/^(arn:[\w-]+:iam::\d{12}:(?:role|user))\/.*?([^/]+)$/, "$1/$2");
}

/** The same of a token; no ARN begins so. */
export const identityOfToken = ({ issuer, claim, value }: TokenClaim): string =>
  JSON.stringify([issuer, claim, value]);

/** Of what is stored of it; the object says whose it is. */
export const idOfIdentity = async (identity: string) => (await digestOf(identity)).slice(0, 16);
