import type { IndexConfig, Table } from "@lancedb/lancedb";
import type { Fallbacks } from "../../../domain/fallbacks.ts";
import type { Publication } from "../../../domain/index/index-entry.ts";
import { indicesOn } from "../indices-on.ts";
import { fromLance, isOfDictionary } from "../lance-errors.ts";
import { ResidentRows } from "../rows/resident-rows.ts";
import type { HeldRows } from "../rows/row-memory.ts";
import type { FollowedTable } from "./followed-table.ts";

/** What a warm table answers from: its indexes in the session's cache, and its rows in memory. */
export class Warming {
  readonly #followed: FollowedTable;
  readonly #published: Publication;
  readonly #memory: HeldRows | undefined;
  readonly #fallbacks: Fallbacks;
  #underWay: Promise<void> | undefined;

  /** @param memory that holds its rows, where they have room */
  constructor(
    followed: FollowedTable,
    published: Publication,
    memory: HeldRows | undefined,
    fallbacks: Fallbacks,
  ) {
    this.#followed = followed;
    this.#published = published;
    this.#memory = memory;
    this.#fallbacks = fallbacks;
  }

  /**
   * Reads the indexes into the session's cache and the rows into memory, once a version; again when that failed.
   * @param column whose indexes alone are read, where a copy has nothing else
   */
  warm(column?: string): Promise<void> {
    this.#underWay ??= this.#prewarm(column).catch((error) => {
      this.#underWay = undefined;
      throw fromLance(error);
    });
    return this.#underWay;
  }

  /** The table has moved: what is warm is of another version. */
  beginAnew(): void {
    this.#underWay = undefined;
  }

  async #prewarm(column?: string): Promise<void> {
    const { table } = this.#followed;
    const indexes = column ? await indicesOn(table, column) : await table.listIndices();
    for (const index of textsFirst(indexes)) await this.#prewarmIndex(table, index);
    if (!column) await this.holdRows();
  }

  /** Another client may have cut texts by dictionaries that are not here: whoever reads anything else needs no such index. */
  async #prewarmIndex(table: Table, { name, indexType }: IndexConfig): Promise<void> {
    try {
      await table.prewarmIndex(name);
    } catch (error) {
      if (indexType !== "FTS" || !isOfDictionary(error)) throw error;
      this.#fallbacks.happened("warm-behind", "text-index-unreadable");
    }
  }

  /** Reads the rows without their vectors into memory, where they have room. */
  async holdRows(): Promise<void> {
    const { table, version } = this.#followed;
    const maxBytes = this.#memory?.maxBytes ?? 0;
    if (maxBytes === 0 || this.#memory?.at(table, version)) return;
    const columns = this.#followed.columns
      .map(({ name }) => name)
      .filter((name) => name !== this.#published.vectorColumn);
    const reading = ResidentRows.read(table, columns, version, maxBytes, this.#fallbacks);
    const rows = await reading.catch(() => {
      // what cannot be read is not held: a search that needs it says what is wrong
      this.#fallbacks.happened("rows-in-memory", "unreadable");
    });
    if (rows && (await this.#followed.isStillAt(version))) this.#memory?.keep(table, rows);
  }

  /** The rows in memory that are right at the table's version, where they have all these columns; later ones may be missing. */
  rowsWith(columns: string[]): ResidentRows | undefined {
    const rows = this.#memory?.at(this.#followed.table, this.#followed.version);
    return rows?.has(columns) ? rows : undefined;
  }

  /** Closes the table, once it is warm if that is under way: LanceDB closes none that it is working on. */
  close(): void {
    const close = () => {
      this.#memory?.drop(this.#followed.table);
      this.#followed.table.close();
    };
    if (this.#underWay) void this.#underWay.then(close, close);
    else close();
  }
}

/** Of what has no room in the cache what was read first goes: texts are searched less often than vectors, and may be larger. */
const textsFirst = (indexes: IndexConfig[]) =>
  indexes.toSorted((a, b) => Number(b.indexType === "FTS") - Number(a.indexType === "FTS"));
