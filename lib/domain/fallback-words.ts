import type { FastPath } from "./fallbacks.ts";

/** What each faster way does, and what is done instead where it gives way: for the reference, no search loads it. */
export const fallbackWords: Record<FastPath, { does: string; instead: string }> = {
  "appended-ipc": {
    does: "Rows are appended as they were decoded, by a call that LanceDB keeps to itself",
    instead: "LanceDB takes them apart and writes them again",
  },
  "large-batches": {
    does: "Scans take many rows at a time, by an option that LanceDB keeps to itself",
    instead: "1,024 rows at a time, or cut by ourselves",
  },
  "vectors-from-pages": {
    does: "Vectors are read straight from the pages of a Parquet file",
    instead: "parquet-wasm decodes them",
  },
  "usual-decoder-memory": {
    does: "A file is decoded in the memory that its size suggests",
    instead: "again on another thread, a few rows at a time, in more memory",
  },
  "decoder-ahead": {
    does: "The thread that decodes is started ahead",
    instead: "it is started when a file waits for it",
  },
  "released-buffers": {
    does: "Large ranges of a file go as soon as parquet-wasm has copied them",
    instead: "they go with the next garbage collection",
  },
  "tail-in-one-read": {
    does: "What a data file says of its columns is read at once",
    instead: "a second request reads it",
  },
  "vectors-last": {
    does: "A copy of a generation answers before its vectors are there",
    instead: "it answers when all of it is there",
  },
  replica: {
    does: "A generation is read from a copy on this machine's disk",
    instead: "from its store",
  },
  opening: {
    does: "What a first search reads before its partitions is one object beside the entry of its index",
    instead: "it is read piece by piece",
  },
  "partial-copy": {
    does: "Of a generation those partitions and rows are copied first that a search reads",
    instead: "a search waits until its vector index is copied, and reads rows from the store",
  },
  "index-copy": {
    does: "Until there is a replica, a copy of the vector index tells which rows are read from the store",
    instead: "the store is searched",
  },
  "linked-copies": {
    does: "What another copy on the disk has is linked",
    instead: "it is copied again",
  },
  "rows-in-memory": {
    does: "Hits are read from rows that are held in memory",
    instead: "from the table",
  },
  "probe-copy": {
    does: "Recall is measured on a copy on this machine's disk",
    instead: "on the store",
  },
  "partition-count": {
    does: "An analysed search tells how many partitions an index has",
    instead: "an optimize job does not see that partitions were joined",
  },
  "hard-links": {
    does: "Objects of a local bucket are copied by a hard link",
    instead: "byte by byte",
  },
  "warm-behind": {
    does: "What the next searches read is read behind an answer",
    instead: "the next search reads it, or tries again",
  },
  "entry-pages": {
    does: "A list of indexes reads many entries from one object",
    instead: "each by itself",
  },
  "look-ahead": {
    does: "Whether an index has changed is looked at behind an answer",
    instead: "the next request waits for it",
  },
  "gathered-fragments": {
    does: "The small fragments that writes leave are gathered into one by some of them",
    instead: "they stay, and further writes read each, until a job builds the index anew",
  },
  "pruned-versions": {
    does: "Old versions of a table are removed where it is",
    instead: "they stay until a job builds the index anew",
  },
};
