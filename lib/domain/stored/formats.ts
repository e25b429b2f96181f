/**
 * The newest format of each kind of stored document that this release reads. It writes the first, which a document that names
 * none has, but where a later one is needed. A number is raised only when releases before could not read what is written then rightly; a
 * field more is no reason, as they keep it (docs/formats.md).
 */
export const formats = {
  /** Of an index, in the registry; 2 of one with an embedding provider. */
  entry: 2,
  /** Of entries in the registry. */
  page: 1,
  /** Who writes to an index. */
  turn: 1,
  /** What was kept of an index's versions when they were last looked at. */
  versions: 1,
  /** What a write with an Idempotency-Key was answered. */
  receipt: 1,
  /** A job's input; 2 of one that embeds, builds full-text indexes or exports. */
  job: 2,
  /** 2 of one that embeds or builds full-text indexes. */
  plan: 2,
  /** What else is written about a job: progress, results, failure, end. */
  ledger: 1,
  /** Who may do what. */
  key: 1,
  /** Of the embedded interpreter, with its marker. */
  execution: 1,
};
export type StoredKind = keyof typeof formats;

/**
 * A document in the format that it needs: releases that know the first alone would go on without the provider or the
 * full-text indexes that it names, and publish an index that has lost them.
 * @param isSecond whether it names any
 */
export function inFormat<T extends object>(document: T, isSecond: boolean): T {
  const { format, ...rest } = document as T & { format?: number };
  if (isSecond) return { format: 2, ...rest } as unknown as T;
  return format === undefined || format === 1 ? document : (rest as unknown as T);
}
