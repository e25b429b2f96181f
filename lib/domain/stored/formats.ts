/**
 * The newest format of each kind of stored document that this release reads, which is the one it writes. A document that
 * names none has format 1. A number is raised only when releases before could not read what is written then rightly; a
 * field more is no reason, as they keep it (docs/formats.md).
 */
export const formats = {
  /** Of an index, in the registry. */
  entry: 1,
  /** Of entries in the registry. */
  page: 1,
  /** Who writes to an index. */
  turn: 1,
  /** What was kept of an index's versions when they were last looked at. */
  versions: 1,
  /** What a write with an Idempotency-Key was answered. */
  receipt: 1,
  /** A job's input. */
  job: 1,
  plan: 1,
  /** What else is written about a job: progress, results, failure, end. */
  ledger: 1,
  /** Who may do what. */
  key: 1,
  /** Of the embedded interpreter, with its marker. */
  execution: 1,
};
export type StoredKind = keyof typeof formats;
