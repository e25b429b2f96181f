import { randomUUID } from "node:crypto";
import { s3Location } from "../../lib/adapters/store/s3-location.ts";
import { S3Store } from "../../lib/adapters/store/s3-store.ts";
import type { Bucket } from "../../lib/domain/bucket.ts";
import { DomainError } from "../../lib/domain/errors.ts";
import { conditionRules } from "./condition-rules.ts";
import { lanceRules } from "./lance-rules.ts";
import { listingRules } from "./listing-rules.ts";
import { objectRules } from "./object-rules.ts";
import { s3Rules } from "./s3-rules.ts";
import type { S3Place, StoreRule } from "./store-rule.ts";

/** What holds of every store, a folder, too. */
export const storeRules: StoreRule[] = [...conditionRules, ...objectRules, ...listingRules];
/** What holds of S3's. */
export const s3StoreRules: StoreRule<S3Place>[] = [...storeRules, ...s3Rules, ...lanceRules];

export interface Found {
  rule: StoreRule<S3Place>;
  /** Not tried: the store was refused before it came to that. */
  outcome: "holds" | "fails" | "not tried";
  seen?: string;
  ms: number;
}

/**
 * Every rule on a prefix of its own, which is removed.
 * @param bucket of an S3 backend
 * @param tell of each rule when it is over
 * @param rules some of them
 * @throws when the bucket cannot be read at all
 */
export async function checkStore(
  bucket: Bucket,
  tell: (found: Found) => void,
  rules = s3StoreRules,
): Promise<Found[]> {
  const { Bucket, prefix } = s3Location(bucket.root);
  const root = `s3://${Bucket}/${prefix}check-store-${randomUUID()}`;
  const found: Found[] = [];
  const whole = new S3Store({ ...bucket, root });
  await whole.list("", { limit: 1 });
  try {
    for (const [number, rule] of rules.entries()) {
      const own = { ...bucket, root: `${root}/${number}` };
      found.push(await outcomeOf(rule, { bucket: own, open: () => new S3Store(own) }));
      tell(found[number] as Found);
    }
    return found;
  } finally {
    await whole.deletePrefix("");
  }
}

async function outcomeOf(rule: StoreRule<S3Place>, place: S3Place): Promise<Found> {
  const started = performance.now();
  const ended = (outcome: Found["outcome"], seen?: string) => ({
    ...{ rule, outcome, ms: performance.now() - started },
    ...(seen === undefined ? {} : { seen }),
  });
  try {
    await rule.check(place);
    return ended("holds");
  } catch (error) {
    const isRefused = error instanceof DomainError && error.kind === "StoreUnsuitable";
    return ended(isRefused && rule !== conditionRules[0] ? "not tried" : "fails", seenIn(error));
  }
}

/** Ours has the store's own words as its cause. */
function seenIn(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? ` (${error.cause.message.slice(0, 300)})` : "";
  return `${error.message}${cause}`;
}
