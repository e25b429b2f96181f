import { z } from "zod";

/** The faster ways there are, and why each may give way to a slower one; which these are, the reference says (fallback-words.ts). */
export const fastPaths = {
  "appended-ipc": ["not-there", "refused"],
  "large-batches": ["not-there", "refused", "longer-than-asked"],
  "vectors-from-pages": [
    "other-layout",
    "other-encoding",
    "null-or-other-length",
    "no-vector-of-the-index",
    "unreadable",
  ],
  "usual-decoder-memory": ["faulted"],
  "decoder-ahead": ["ended"],
  "released-buffers": ["copy-not-seen"],
  "tail-in-one-read": ["longer"],
  "vectors-last": ["data-file-unreadable"],
  replica: ["no-room", "no-room-for-vectors", "not-copied", "unreadable"],
  opening: ["not-written", "unreadable", "of-another-table"],
  "partial-copy": [
    "no-room",
    "layout-unknown",
    "rows-unknown",
    "rows-not-indexed",
    "too-few-hits",
    "unreadable",
    "not-fetched",
  ],
  "index-copy": ["no-room", "not-copied", "unreadable", "rows-not-indexed", "too-few-hits", "table-moved-on"],
  "linked-copies": ["refused"],
  "rows-in-memory": ["no-room", "not-in-order", "unreadable", "table-moved-on"],
  "probe-copy": ["no-room", "table-unknown"],
  "partition-count": ["not-told"],
  "hard-links": ["refused"],
  "warm-behind": ["failed", "text-index-unreadable"],
  "entry-pages": ["unreadable", "not-written"],
  "look-ahead": ["failed"],
  "gathered-fragments": ["table-not-known", "failed"],
  "pruned-versions": ["table-not-known"],
} as const satisfies Record<string, readonly string[]>;

export type FastPath = keyof typeof fastPaths;
export type ReasonOf<P extends FastPath> = (typeof fastPaths)[P][number];

/** Told whenever a faster way was given up for a slower one that answers the same. */
export interface Fallbacks {
  happened<P extends FastPath>(path: P, reason: ReasonOf<P>): void;
  /** The same, told of an index. */
  of(index: string): Fallbacks;
}

export const fallbackCounts = z
  .array(
    z.strictObject({
      fastPath: z.enum(Object.keys(fastPaths) as [FastPath, ...FastPath[]]),
      reason: z.string(),
      count: z.int().positive(),
    }),
  )
  .meta({
    id: "Fallbacks",
    description:
      "Faster ways that were given up for slower ones, since the process that answers began: docs/reference.md says of each what it is",
  });
export type FallbackCount = z.infer<typeof fallbackCounts>[number];

/** What has been counted since this process began. */
export interface SeenFallbacks {
  /** @param index without it, of all, and of what belongs to none */
  seen(index?: string): FallbackCount[];
}

/** Where nobody asks: scripts, and parts that are tested by themselves. */
export const unobserved: Fallbacks = { happened: () => undefined, of: () => unobserved };
