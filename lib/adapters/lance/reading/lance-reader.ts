import type { Table, VectorQuery } from "@lancedb/lancedb";
import type { Table as ArrowTable } from "apache-arrow";
import { limits } from "../../../config/limits.ts";
import { documentsTooLarge } from "../../../domain/answer-size.ts";
import { DomainError } from "../../../domain/errors.ts";
import { type Fallbacks, unobserved } from "../../../domain/fallbacks.ts";
import type { GenerationStats } from "../../../domain/index/generations.ts";
import type { Column, Publication } from "../../../domain/index/index-entry.ts";
import type { Query, Reader } from "../../../domain/search/reader.ts";
import type { Document, Hit } from "../../../domain/search/search-request.ts";
import type { Filter } from "../../../domain/values/filter.ts";
import { columnsOf } from "../../arrow/arrow-schema.ts";
import { exactDistance } from "../exact-distance.ts";
import { indicesOn } from "../indices-on.ts";
import { fromLance, lanceCall } from "../lance-errors.ts";
import { answerRows } from "../rows/answer-rows.ts";
import { distancesOf, hitsAt, hitsIn, type NearestRows, rowIdsOf } from "../rows/hits.ts";
import { ResidentRows } from "../rows/resident-rows.ts";
import type { RowMemory } from "../rows/row-memory.ts";
import { filterToSql } from "./filter-sql.ts";
import { leastEf } from "./least-ef.ts";

/** Reads one open table; `refresh` moves it to the newest version. */
export class LanceReader implements Reader {
  readonly #table: Table;
  readonly #published: Publication;
  readonly #memory: RowMemory | undefined;
  readonly #fallbacks: Fallbacks;
  #columns: Column[];
  #version: number;
  #warming: Promise<void> | undefined;
  /** Refreshes under way: the table may be further than this knows. */
  #moves = 0;

  private constructor(
    table: Table,
    published: Publication,
    memory: RowMemory | undefined,
    fallbacks: Fallbacks,
    { columns, version }: { columns: Column[]; version: number },
  ) {
    this.#fallbacks = fallbacks;
    this.#table = table;
    this.#published = published;
    this.#memory = memory;
    this.#columns = columns;
    this.#version = version;
  }

  /** @param memory that holds its rows when it is warm, where they have room */
  static async over(
    table: Table,
    published: Publication,
    memory?: RowMemory,
    fallbacks = unobserved,
  ): Promise<LanceReader> {
    const [schema, version] = await Promise.all([table.schema(), table.version()]);
    return new LanceReader(table, published, memory, fallbacks, { columns: columnsOf(schema), version });
  }

  get columns(): Column[] {
    return this.#columns;
  }

  get version(): number {
    return this.#version;
  }

  async refresh(): Promise<void> {
    this.#moves += 1;
    try {
      await this.#follow();
    } finally {
      this.#moves -= 1;
    }
  }

  async #follow(): Promise<void> {
    await this.#table.checkoutLatest();
    const version = await this.#table.version();
    if (version === this.#version) return;
    this.#columns = columnsOf(await this.#table.schema());
    this.#version = version;
    this.#warming = undefined;
  }

  /**
   * Reads the indexes into the session's cache and the rows into memory, once a version; again when that failed.
   * @param column whose indexes alone are read, where a copy has nothing else
   */
  warm(column?: string): Promise<void> {
    this.#warming ??= this.#prewarm(column).catch((error) => {
      this.#warming = undefined;
      throw fromLance(error);
    });
    return this.#warming;
  }

  async #prewarm(column?: string): Promise<void> {
    const indexes = column ? await indicesOn(this.#table, column) : await this.#table.listIndices();
    for (const { name } of indexes) await this.#table.prewarmIndex(name);
    if (!column) await this.holdRows();
  }

  /** Reads the rows without their vectors into memory, where they have room. */
  async holdRows(): Promise<void> {
    const maxBytes = this.#memory?.maxBytes ?? 0;
    const version = this.#version;
    if (maxBytes === 0 || this.#memory?.at(this.#table, version)) return;
    const columns = this.#columns
      .map(({ name }) => name)
      .filter((name) => name !== this.#published.vectorColumn);
    const reading = ResidentRows.read(this.#table, columns, version, maxBytes, this.#fallbacks);
    const rows = await reading.catch(() => {
      // what cannot be read is not held: a search that needs it says what is wrong
      this.#fallbacks.happened("rows-in-memory", "unreadable");
    });
    if (rows && (await this.#isStillAt(version))) this.#memory?.keep(this.#table, rows);
  }

  /** Whether all that was read since the table was at this version is of this version. */
  async #isStillAt(version: number): Promise<boolean> {
    if (this.#moves > 0 && (await this.#table.version()) !== version) return false;
    return this.#version === version;
  }

  /** Once it is warm, if that is under way: LanceDB closes no table that it is working on. */
  close(): void {
    const close = () => {
      this.#memory?.drop(this.#table);
      this.#table.close();
    };
    if (this.#warming) void this.#warming.then(close, close);
    else close();
  }

  async search(query: Query): Promise<Hit[]> {
    return (await this.#searchInMemory(query)) ?? this.#searchTable(query);
  }

  async #searchTable(query: Query): Promise<Hit[]> {
    const found = await this.#found(query);
    const rows = distancesOf(found).map((distance, row) => ({ row, distance }));
    return hitsAt(rows, found, this.#published, query);
  }

  /** LanceDB tells which rows they are. @returns undefined when these are not in memory */
  async #searchInMemory(query: Query): Promise<Hit[] | undefined> {
    const rows = this.#residentFor(query);
    if (!rows) return undefined;
    const near = nearestIn(await this.#found(query, ["_rowid"]));
    if (await this.#isStillAt(rows.version)) return hitsIn(rows, near, this.#published, query);
    this.#fallbacks.happened("rows-in-memory", "table-moved-on");
    return undefined;
  }

  #residentFor({ columns }: Query): ResidentRows | undefined {
    const rows = this.#memory?.at(this.#table, this.#version);
    return rows?.has(columns) ? rows : undefined;
  }

  /** In more partitions when those of the settings hold fewer than k hits: a narrow filter, or a large k. */
  async #found(query: Query, selected?: string[]): Promise<ArrowTable> {
    const started = performance.now();
    const first = await this.#run(this.#nearest(query, selected), query.timeoutMs, query.signal);
    if (first.numRows >= query.k || query.settings.nprobes === undefined) return first;
    const left = query.timeoutMs - (performance.now() - started);
    return this.#run(this.#nearest(query, selected).maximumNprobes(0), left, query.signal);
  }

  /**
   * The nearest rows without what is in them, for which the index alone is read. To refine there are as many times more
   * of them, by the distances of their codes.
   * @returns undefined when it does not tell k of them
   */
  async nearest(query: Query): Promise<NearestRows | undefined> {
    const version = this.#version;
    const { refineFactor = 1, ...settings } = query.settings;
    const candidates = { ...query, k: query.k * refineFactor, settings };
    const rows = nearestIn(
      await this.#run(this.#nearest(candidates, ["_rowid"]), query.timeoutMs, query.signal),
    );
    return rows.length < query.k ? undefined : { version, rows };
  }

  /**
   * The k nearest of these rows by their vectors, of which no others are read.
   * @returns undefined when this table is at another version
   */
  async refined(near: NearestRows, { vector, k, ...time }: Query): Promise<NearestRows | undefined> {
    const { metric, vectorColumn } = this.#published;
    const taken = await this.#take(near, [vectorColumn], time);
    const vectors = taken?.getChild(vectorColumn);
    if (!taken || !vectors) return undefined;
    const rows = rowIdsOf(taken).map((id, row) => ({
      id,
      distance: exactDistance(metric, vector, vectors.get(row).toArray()),
    }));
    return { ...near, rows: rows.sort((a, b) => a.distance - b.distance).slice(0, k) };
  }

  /**
   * The hits whose rows another copy of this table has told, so that here only those rows are read.
   * @returns undefined when this table is at another version
   */
  async hitsOf(near: NearestRows, query: Query): Promise<Hit[] | undefined> {
    const resident = this.#residentFor(query);
    if (resident?.version === near.version) return hitsIn(resident, near.rows, this.#published, query);
    const taken = await this.#take(near, [this.#published.idColumn, ...query.columns], query);
    if (!taken) return undefined;
    const places = new Map(rowIdsOf(taken).map((id, row) => [id, row]));
    const nearest = near.rows.map(({ id, distance }) => ({ row: placeIn(places, id), distance }));
    return hitsAt(nearest, taken, this.#published, query);
  }

  /** In an order of its own. @returns undefined when this table is at another version */
  async #take(
    { version, rows }: NearestRows,
    columns: string[],
    { timeoutMs, signal }: Pick<Query, "timeoutMs" | "signal">,
  ): Promise<ArrowTable | undefined> {
    if (this.#version !== version) return undefined;
    const wanted = this.#table.takeRowIds(rows.map(({ id }) => id)).withRowId();
    const taken = await this.#run(wanted.select([...new Set([...columns, "_rowid"])]), timeoutMs, signal);
    return (await this.#isStillAt(version)) && taken.numRows === rows.length ? taken : undefined;
  }

  #nearest(
    { vector, k, columns, filter, settings }: Query,
    selected = [this.#published.idColumn, ...columns],
  ): VectorQuery {
    const { metric, vectorColumn } = this.#published;
    let search = this.#table.query().nearestTo(vector).column(vectorColumn).distanceType(metric).limit(k);
    if (settings.nprobes !== undefined) search = search.nprobes(settings.nprobes);
    if (settings.refineFactor !== undefined) search = search.refineFactor(settings.refineFactor);
    if (settings.ef !== undefined) search = search.ef(leastEf(settings, k));
    if (filter) search = search.where(filterToSql(filter, this.#columns));
    return search.select([...new Set([...selected, "_distance"])]);
  }

  /** One query of the id's index, however many they are; another only where clients wrote an id more than once. */
  async fetch(
    ids: string[],
    columns: string[],
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Map<string, Document>> {
    const started = performance.now();
    const documents = new Map<string, Document>();
    for (let left = ids; left.length > 0; left = left.filter((id) => !documents.has(id))) {
      const leftMs = timeoutMs - (performance.now() - started);
      const found = await this.#documents(left, columns, leftMs, signal);
      for (const document of found) documents.set(document.doc_id, document);
      if (found.length < left.length) break;
    }
    return documents;
  }

  /** At most as many as ids. @throws AnswerTooLarge */
  async #documents(
    ids: string[],
    columns: string[],
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Document[]> {
    const { idColumn: column } = this.#published;
    const [value = "", ...others] = ids;
    const isOne: Filter = others.length > 0 ? { op: "in", column, values: ids } : { op: "eq", column, value };
    const query = this.#table
      .query()
      .where(filterToSql(isOne, this.#columns))
      .select([...new Set([column, ...columns])])
      .limit(ids.length);
    const found = await this.#run(query, timeoutMs, signal);
    const foundIds = found.getChild(column);
    const rows = Array.from({ length: found.numRows }, (_, row) => ({ row }));
    return answerRows(
      { found, columns, rows },
      (values, { row }) => ({ doc_id: String(foundIds?.get(row)), ...values }),
      (fit, widest) => documentsTooLarge(ids.length, fit, widest),
    );
  }

  async stats(): Promise<GenerationStats> {
    return lanceCall(limits.openTimeoutMs, async () => {
      const [stats, indexes] = await Promise.all([this.#table.stats(), this.#table.listIndices()]);
      const details = indexes.map(async ({ name }) => ({ name, stats: await this.#table.indexStats(name) }));
      return {
        rows: Number(stats.numRows),
        bytes: Number(stats.totalBytes),
        fragments: Number(stats.fragmentStats.numFragments),
        indexes: (await Promise.all(details)).map(({ name, stats: one }) => ({
          name,
          type: one?.indexType ?? "unknown",
          unindexedRows: one?.numUnindexedRows ?? 0,
        })),
      };
    });
  }

  async #run(
    query: { toArrow(options: { timeoutMs: number }): Promise<ArrowTable> },
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<ArrowTable> {
    signal?.throwIfAborted();
    if (timeoutMs <= 0) throw new DomainError("DeadlineExceeded", "no time was left to search");
    return lanceCall(timeoutMs, () => query.toArrow({ timeoutMs: Math.ceil(timeoutMs) }));
  }
}

function nearestIn(found: ArrowTable): NearestRows["rows"] {
  const ids = rowIdsOf(found);
  return distancesOf(found).map((distance, row) => ({ id: ids[row] as bigint, distance }));
}

/** @throws Internal: another row in its place would be a wrong answer */
function placeIn(places: Map<bigint, number>, id: bigint): number {
  const place = places.get(id);
  if (place !== undefined) return place;
  throw new DomainError("Internal", "LanceDB took other rows than those that were asked for");
}
