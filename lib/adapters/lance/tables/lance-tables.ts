import type { Connection, Table } from "@lancedb/lancedb";
import type { Fallbacks } from "../../../domain/fallbacks.ts";
import type { GenerationRef } from "../../../domain/index/index-entry.ts";
import { fromLance } from "../lance-errors.ts";
import type { LanceConnections } from "./connections.ts";

/** Tables of generations, opened for each piece of work and closed after it: no stale handle is ever written through. */
export class LanceTables {
  readonly #connections: LanceConnections;

  constructor(connections: LanceConnections) {
    this.#connections = connections;
  }

  /** Told of this index. */
  fallbacksOf({ index }: Pick<GenerationRef, "index">): Fallbacks {
    return this.#connections.fallbacks.of(index);
  }

  /** @throws what LanceDB says, as an error of the domain */
  async with<T>(ref: GenerationRef, work: (table: Table) => Promise<T>): Promise<T> {
    return this.connected(ref, async (connection) => {
      const table = await connection.openTable(ref.generation);
      try {
        return await work(table);
      } finally {
        table.close();
      }
    });
  }

  /** The newest version of a generation. */
  async version(ref: GenerationRef): Promise<number> {
    return this.with(ref, (table) => table.version());
  }

  /** With the database of an index. */
  async connected<T>(
    { bucket, index }: Pick<GenerationRef, "bucket" | "index">,
    work: (connection: Connection) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.#connections.use(bucket, index, work);
    } catch (error) {
      throw fromLance(error);
    }
  }
}
