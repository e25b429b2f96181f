import { parseArgs } from "node:util";
import type { Bucket } from "../lib/domain/bucket.ts";
import { checkStore, type Found, s3StoreRules } from "./store/check-store.ts";
import { recordStore } from "./store/store-table.ts";

const usage = `npm run check:store -- --bucket NAME [--endpoint URL] [--prefix PREFIX] [--region REGION] [--only WORDS] [--record "STORE VERSION"]

Does a store do what is needed of it? The bucket has to be there; what is written to it is removed. Credentials are those of
the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN). Exit code: 0 when all holds, 1 when something
does not, 2 when nothing could be tried. --only takes the rules whose names have these words. --record writes the outcome to bench/results/stores.json, for docs/object-storage.md.`;

async function run(): Promise<number> {
  const { values } = parseArgs({
    options: {
      bucket: { type: "string" },
      endpoint: { type: "string" },
      prefix: { type: "string" },
      region: { type: "string" },
      only: { type: "string" },
      record: { type: "string" },
    },
  });
  const { bucket, endpoint, prefix, region = "us-east-1", only = "", record } = values;
  if (!bucket) throw new Error(usage);
  const root = `s3://${bucket}${prefix ? `/${prefix.replace(/^\/+|\/+$/g, "")}` : ""}`;
  const rules = s3StoreRules.filter(({ name }) => name.includes(only));
  const found = await checkStore({ ...storeAt(endpoint, region), root }, tell, rules);
  if (record) recordStore(record, found);
  return summed(found);
}

function storeAt(endpoint: string | undefined, region: string): Omit<Bucket, "root"> {
  return {
    ...{ name: "checked", backend: "s3", readOnly: false, region },
    ...(endpoint ? { endpoint, allowHttp: endpoint.startsWith("http:") } : {}),
    ...credentials(process.env),
  };
}

function credentials({ AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN }: NodeJS.ProcessEnv) {
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) return {};
  const signing = { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY };
  return { credentials: { ...signing, ...(AWS_SESSION_TOKEN ? { sessionToken: AWS_SESSION_TOKEN } : {}) } };
}

function tell({ rule, outcome, seen, ms }: Found): void {
  console.log(`${outcome.padEnd(9)}  ${rule.name}  (${Math.round(ms)} ms)`);
  if (outcome === "fails") console.log(`           seen: ${seen}\n           so: ${rule.otherwise}`);
}

function summed(found: Found[]): number {
  const counts = Object.entries(Object.groupBy(found, ({ outcome }) => outcome));
  console.log(counts.map(([outcome, those]) => `${those.length} ${outcome}`).join(", "));
  return found.every(({ outcome }) => outcome === "holds") ? 0 : 1;
}

try {
  process.exitCode = await run();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
