import { parseArgs } from "node:util";
import { storesFor } from "../lib/adapters/store/stores.ts";
import { readEnvironment } from "../lib/config/environment.ts";
import { loadBuckets } from "../lib/config/lakehouse.ts";
import { KeyRegistry } from "../lib/domain/access/key-registry.ts";
import { graceSeconds, keyId, parseKeyRequest } from "../lib/domain/access/key-request.ts";
import { DomainError } from "../lib/domain/errors.ts";
import { validate } from "../lib/domain/validate.ts";
import { everyGrant } from "./every-grant.ts";

const usage = `npm run keys -- create --name NAME --actions search,read --indexes 'docs,team-*' [--buckets source] [--filter JSON] [--rate REQUESTS-A-SECOND] [--concurrent REQUESTS-AT-A-TIME] [--expires 2027-01-01T00:00:00Z]
npm run keys -- create --name NAME --admin          everything, keys among it
npm run keys -- create --name NAME --grants JSON    several grants, as POST /keys takes them
npm run keys -- create --arn ARN …                  of a role or a user, where LAKEHOUSE_AUTH is iam
npm run keys -- create --subject SUB …              of whose tokens, where LAKEHOUSE_AUTH is jwt
npm run keys -- create --claim groups=team-a …      of all tokens with that; of --issuer, or of LAKEHOUSE_JWT_ISSUER
npm run keys -- list
npm run keys -- rotate ID [--grace SECONDS]         the secret before holds on so long
npm run keys -- revoke ID

The keys are those of the bucket primary in lakehouse.toml, or in the file that LAKEHOUSE_TOML names.`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    name: { type: "string" },
    arn: { type: "string" },
    subject: { type: "string" },
    claim: { type: "string" },
    issuer: { type: "string" },
    actions: { type: "string" },
    indexes: { type: "string" },
    buckets: { type: "string" },
    grants: { type: "string" },
    filter: { type: "string" },
    rate: { type: "string" },
    concurrent: { type: "string" },
    expires: { type: "string" },
    grace: { type: "string" },
    admin: { type: "boolean" },
  },
});
const [command, id] = positionals;

const listOf = (text: string | undefined) => text?.split(",") ?? [];

function grantsAsked(): unknown {
  if (values.admin) return everyGrant;
  if (values.grants) return JSON.parse(values.grants);
  const { actions, indexes, buckets } = values;
  return [{ actions: listOf(actions), indexes: listOf(indexes), buckets: listOf(buckets) }];
}

const rateAsked = () => (values.rate ? { rate: { perSecond: Number(values.rate) } } : {});
const concurrentAsked = () => (values.concurrent ? { concurrent: Number(values.concurrent) } : {});
const filterAsked = () => (values.filter ? { filter: JSON.parse(values.filter) } : {});

/** Of whose tokens: of one subject, or with a value in a claim. */
function tokenAsked(): object {
  const { subject, claim: asked, issuer = process.env["LAKEHOUSE_JWT_ISSUER"] } = values;
  if (subject !== undefined) return { token: { issuer, claim: "sub", value: subject } };
  if (asked === undefined) return {};
  const [, claim, value] = /^([^=]*)=(.*)$/s.exec(asked) ?? [];
  return { token: { issuer, claim, value } };
}

function registry(): KeyRegistry {
  const environment = readEnvironment();
  const stores = storesFor(loadBuckets(environment));
  return new KeyRegistry(stores("primary"), { now: () => Date.now() });
}

async function run(): Promise<unknown> {
  if (command === "create") {
    const { name, expires: expiresAt, arn } = values;
    const whose = { name, arn, ...tokenAsked() };
    const bounds = { ...filterAsked(), ...rateAsked(), ...concurrentAsked(), expiresAt };
    return registry().make(parseKeyRequest({ ...whose, grants: grantsAsked(), ...bounds }));
  }
  if (command === "list") return allKeys();
  if (command === "rotate")
    return registry().rotate(
      validate(keyId, id, "ID"),
      validate(graceSeconds, values.grace, "--grace") * 1_000,
    );
  if (command === "revoke") return registry().revoke(validate(keyId, id, "ID"));
  throw new Error(usage);
}

async function allKeys(): Promise<unknown[]> {
  const keys: unknown[] = [];
  const from = registry();
  for (let cursor: string | undefined; ; ) {
    const page = await from.list(cursor, 100);
    keys.push(...page.keys);
    if (page.next === null) return keys;
    cursor = page.next;
  }
}

try {
  console.log(JSON.stringify(await run(), null, 2));
} catch (error) {
  console.error(error instanceof DomainError ? `${error.code}: ${error.message}` : (error as Error).message);
  process.exitCode = 1;
}
