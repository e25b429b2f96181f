import type { Connection } from "@lancedb/lancedb";
import { asDomainError } from "../../../domain/errors.ts";
import type { GenerationRef, Metric } from "../../../domain/index/index-entry.ts";
import type { Stores } from "../../../domain/object-store.ts";
import type { Probes, RecallProbe } from "../../../domain/recall/recall-probe.ts";
import { folderOf } from "../files/generation-folder.ts";
import { fromLance } from "../lance-errors.ts";
import { copyToDisk, type DiskCopy } from "../replicas/disk-copy.ts";
import type { LanceConnections } from "../tables/connections.ts";
import type { LanceTables } from "../tables/lance-tables.ts";
import { LanceRecallProbe } from "./lance-recall-probe.ts";

/** Opens LanceDB tables to be measured. */
export class LanceProbes implements Probes {
  readonly #connections: LanceConnections;
  readonly #tables: LanceTables;
  readonly #stores: Stores;

  constructor(connections: LanceConnections, tables: LanceTables, stores: Stores) {
    this.#connections = connections;
    this.#tables = tables;
    this.#stores = stores;
  }

  async probe(ref: GenerationRef, vectorColumn: string, metric: Metric): Promise<RecallProbe> {
    const { connection, close } = await this.#nearby(ref);
    try {
      const table = await connection.openTable(ref.generation);
      return new LanceRecallProbe(table, vectorColumn, metric, close, this.#tables.fallbacksOf(ref));
    } catch (error) {
      await close();
      throw fromLance(error);
    }
  }

  /** On this machine's disk where it can be: a probe's searches would cost a store thousands of requests. */
  async #nearby(ref: GenerationRef): Promise<{ connection: Connection; close: () => Promise<void> }> {
    const copy = this.#connections.isRemote(ref.bucket) ? await this.#copied(ref) : undefined;
    if (!copy) {
      const { connection, release } = await this.#connections.lease(ref.bucket, ref.index);
      return { connection, close: async () => release() };
    }
    const connection = await this.#connections.onDisk(copy.folder).catch(async (error) => {
      await copy.remove();
      throw error;
    });
    const close = async () => {
      connection.close();
      await copy.remove();
    };
    return { connection, close };
  }

  async #copied(ref: GenerationRef): Promise<DiskCopy | undefined> {
    const fallbacks = this.#tables.fallbacksOf(ref);
    const version = await this.#tables.version(ref);
    try {
      const copy = await copyToDisk(this.#stores(ref.bucket), folderOf(ref), { version, fallbacks });
      if (!copy) fallbacks.happened("probe-copy", "no-room");
      return copy;
    } catch (error) {
      if (asDomainError(error).kind !== "TableNotKnown") throw error;
      fallbacks.happened("probe-copy", "table-unknown");
      return undefined;
    }
  }
}
