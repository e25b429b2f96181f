import type { Table } from "@lancedb/lancedb";
import { limits } from "../../../config/limits.ts";
import { DomainError } from "../../../domain/errors.ts";
import type { Publication } from "../../../domain/index/index-entry.ts";
import { isGone, lanceCall } from "../lance-errors.ts";
import { FollowedTable } from "./followed-table.ts";
import { TableQueries, type TableSource } from "./table-queries.ts";

/** Opens a table at a version; whoever asks closes it. */
export type OpenAt = (version: number) => Promise<Table>;

/** What is read of one version. */
interface AsOfVersion {
  /** That a cursor names. */
  version?: number | undefined;
  timeoutMs: number;
}

/**
 * Reads a version that the open table is not at, from a table that is opened for it alone.
 * @param read is told what opening it has left of the query's time
 * @throws CursorExpired where the version is gone that a cursor names
 */
export async function atVersion<Q extends AsOfVersion, T>(
  version: number,
  openAt: OpenAt,
  published: Publication,
  query: Q,
  read: (source: TableSource, query: Q) => Promise<T>,
): Promise<T> {
  const started = performance.now();
  try {
    const table = await opened(openAt(version), Math.min(limits.openTimeoutMs, query.timeoutMs));
    try {
      const followed = await lanceCall(query.timeoutMs, () => FollowedTable.of(table));
      const queries = new TableQueries(followed, published);
      const timeoutMs = query.timeoutMs - (performance.now() - started);
      return await read({ followed, queries, published }, { ...query, timeoutMs });
    } finally {
      table.close();
    }
  } catch (error) {
    if (query.version === undefined || !isGone(error)) throw error;
    throw new DomainError(
      "CursorExpired",
      `the cursor is of version ${version}, which is gone; begin without it`,
    );
  }
}

/** @throws VersionExpired where it is gone, also while it is read */
export async function withTableAt<T>(
  version: number,
  openAt: OpenAt,
  work: (table: Table) => Promise<T>,
): Promise<T> {
  try {
    const table = await opened(openAt(version), limits.openTimeoutMs);
    try {
      return await work(table);
    } finally {
      table.close();
    }
  } catch (error) {
    if (isGone(error)) throw new DomainError("VersionExpired", `version ${version} is gone`);
    throw error;
  }
}

/** One that comes after nobody waited for it any more is closed. */
async function opened(opening: Promise<Table>, timeoutMs: number): Promise<Table> {
  try {
    return await lanceCall(timeoutMs, () => opening);
  } catch (error) {
    opening.then(
      (table) => table.close(),
      () => undefined,
    );
    throw error;
  }
}
