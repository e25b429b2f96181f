import { z } from "zod";

/** One table of the faster ways there are, and of why each may give way to what `instead` says: reports and the reference read it. */
export const fastPaths = {
  "appended-ipc": {
    does: "Rows are appended as they were decoded, by a call that LanceDB keeps to itself",
    instead: "LanceDB takes them apart and writes them again",
    reasons: ["not-there", "refused"],
  },
  "large-batches": {
    does: "Scans take many rows at a time, by an option that LanceDB keeps to itself",
    instead: "1,024 rows at a time, or cut by ourselves",
    reasons: ["not-there", "refused", "longer-than-asked"],
  },
  "vectors-from-pages": {
    does: "Vectors are read straight from the pages of a Parquet file",
    instead: "parquet-wasm decodes them",
    reasons: [
      "other-layout",
      "other-encoding",
      "null-or-other-length",
      "no-vector-of-the-index",
      "unreadable",
    ],
  },
  "usual-decoder-memory": {
    does: "A file is decoded in the memory that its size suggests",
    instead: "again on another thread, a few rows at a time, in more memory",
    reasons: ["faulted"],
  },
  "decoder-ahead": {
    does: "The thread that decodes is started ahead",
    instead: "it is started when a file waits for it",
    reasons: ["ended"],
  },
  "released-buffers": {
    does: "Large ranges of a file go as soon as parquet-wasm has copied them",
    instead: "they go with the next garbage collection",
    reasons: ["copy-not-seen"],
  },
  "tail-in-one-read": {
    does: "What a data file says of its columns is read at once",
    instead: "a second request reads it",
    reasons: ["longer"],
  },
  "vectors-last": {
    does: "A copy of a generation answers before its vectors are there",
    instead: "it answers when all of it is there",
    reasons: ["data-file-unreadable"],
  },
  replica: {
    does: "A generation is read from a copy on this machine's disk",
    instead: "from its store",
    reasons: ["no-room", "no-room-for-vectors", "not-copied", "unreadable"],
  },
  opening: {
    does: "What a first search reads before its partitions is one object beside the entry of its index",
    instead: "it is read piece by piece",
    reasons: ["not-written", "unreadable", "of-another-table"],
  },
  "partial-copy": {
    does: "Of a generation those partitions and rows are copied first that a search reads",
    instead: "a search waits until its vector index is copied, and reads rows from the store",
    reasons: [
      "no-room",
      "layout-unknown",
      "rows-unknown",
      "rows-not-indexed",
      "too-few-hits",
      "unreadable",
      "not-fetched",
    ],
  },
  "index-copy": {
    does: "Until there is a replica, a copy of the vector index tells which rows are read from the store",
    instead: "the store is searched",
    reasons: ["no-room", "not-copied", "unreadable", "rows-not-indexed", "too-few-hits", "table-moved-on"],
  },
  "linked-copies": {
    does: "What another copy on the disk has is linked",
    instead: "it is copied again",
    reasons: ["refused"],
  },
  "rows-in-memory": {
    does: "Hits are read from rows that are held in memory",
    instead: "from the table",
    reasons: ["no-room", "not-in-order", "unreadable", "table-moved-on"],
  },
  "probe-copy": {
    does: "Recall is measured on a copy on this machine's disk",
    instead: "on the store",
    reasons: ["no-room", "table-unknown"],
  },
  "partition-count": {
    does: "An analysed search tells how many partitions an index has",
    instead: "an optimize job does not see that partitions were joined",
    reasons: ["not-told"],
  },
  "hard-links": {
    does: "Objects of a local bucket are copied by a hard link",
    instead: "byte by byte",
    reasons: ["refused"],
  },
  "warm-behind": {
    does: "What the next searches read is read behind an answer",
    instead: "the next search reads it, or tries again",
    reasons: ["failed"],
  },
  "entry-pages": {
    does: "A list of indexes reads many entries from one object",
    instead: "each by itself",
    reasons: ["unreadable", "not-written"],
  },
  "look-ahead": {
    does: "Whether an index has changed is looked at behind an answer",
    instead: "the next request waits for it",
    reasons: ["failed"],
  },
} as const satisfies Record<string, { does: string; instead: string; reasons: readonly string[] }>;

export type FastPath = keyof typeof fastPaths;
export type ReasonOf<P extends FastPath> = (typeof fastPaths)[P]["reasons"][number];

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
