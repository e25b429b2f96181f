import type { Query as LanceQuery, VectorQuery } from "@lancedb/lancedb";
import type { Table as ArrowTable } from "apache-arrow";
import { DomainError } from "../../../domain/errors.ts";
import { neededColumns, refuseChangedColumns } from "../../../domain/index/column-changes.ts";
import type { Publication } from "../../../domain/index/index-entry.ts";
import type { Query, TextSearch } from "../../../domain/search/reader.ts";
import { lanceCall } from "../lance-errors.ts";
import { filterToSql } from "./filter-sql.ts";
import type { FollowedTable } from "./followed-table.ts";
import type { RowsPart } from "./fuzzy-search.ts";
import { leastEf } from "./least-ef.ts";

/** A query that LanceDB answers as a whole. */
interface Collected {
  toArrow(options: { timeoutMs: number }): Promise<ArrowTable>;
}

/** A search by text of some of the rows. */
export interface PartSearch extends TextSearch {
  part?: RowsPart;
}

/** An open table, its queries, and what is published of it. */
export interface TableSource {
  followed: FollowedTable;
  queries: TableQueries;
  published: Publication;
}

/** Queries of one table, each within its time. */
export class TableQueries {
  readonly #followed: FollowedTable;
  readonly #published: Publication;

  constructor(followed: FollowedTable, published: Publication) {
    this.#followed = followed;
    this.#published = published;
  }

  /** @throws DeadlineExceeded, and what the signal was aborted for */
  async run(
    query: Collected,
    { timeoutMs, signal }: Pick<Query, "timeoutMs" | "signal">,
  ): Promise<ArrowTable> {
    signal?.throwIfAborted();
    if (timeoutMs <= 0) throw new DomainError("DeadlineExceeded", "no time was left to search");
    return lanceCall(timeoutMs, () => query.toArrow({ timeoutMs: Math.ceil(timeoutMs) }));
  }

  /**
   * The nearest, in more partitions when those of the settings hold fewer than k hits: a narrow filter, or a large k.
   * @param selected columns, beside the distance
   */
  async found(query: Query, selected?: string[]): Promise<ArrowTable> {
    const started = performance.now();
    const first = await this.run(this.nearest(query, selected), query);
    if (first.numRows >= query.k || query.settings.nprobes === undefined) return first;
    const timeoutMs = query.timeoutMs - (performance.now() - started);
    return this.run(this.nearest(query, selected).maximumNprobes(0), { ...query, timeoutMs });
  }

  /**
   * The best by their words, with their scores and the ids of their rows.
   * @param selected columns beside these
   * @throws ColumnsChanged
   */
  async worded(query: PartSearch, selected?: string[]): Promise<ArrowTable> {
    return this.run(await this.best(query, selected), query);
  }

  /** The search of a query by words. @throws ColumnsChanged */
  async best(
    { plan, k, columns, filter, part }: PartSearch,
    selected = [this.#published.idColumn, ...columns],
  ): Promise<LanceQuery> {
    const { table, columns: known } = this.#followed;
    const { idColumn } = this.#published;
    // which no search by vector needs
    const [{ columnsOf }, { textSearch }] = await Promise.all([
      import("../../../domain/text/text-plan.ts"),
      import("./text-search.ts"),
    ]);
    refuseChangedColumns(this.#published, known, [idColumn, ...columnsOf(plan)]);
    const search = (await textSearch(table, plan, this.#published)).withRowId().limit(k);
    if (part?.isIndexed) search.fastSearch();
    const all = [part?.sql, filter && filterToSql(filter, known)].filter((sql) => sql !== undefined);
    const narrowed = all.length > 0 ? search.where(all.map((sql) => `(${sql})`).join(" AND ")) : search;
    return narrowed.select([...new Set([...selected, "_rowid", "_score"])]);
  }

  /** The search of a query, by its settings alone. @throws ColumnsChanged */
  nearest(
    { vector, k, columns, filter, settings, isExact }: Query,
    selected = [this.#published.idColumn, ...columns],
  ): VectorQuery {
    const { metric, vectorColumn } = this.#published;
    const { table, columns: known } = this.#followed;
    refuseChangedColumns(this.#published, known, neededColumns(this.#published));
    let search = table.query().nearestTo(vector).column(vectorColumn).distanceType(metric).limit(k);
    if (settings.nprobes !== undefined) search = search.nprobes(settings.nprobes);
    if (settings.refineFactor !== undefined) search = search.refineFactor(settings.refineFactor);
    if (settings.ef !== undefined) search = search.ef(leastEf(settings, k));
    if (isExact) search = search.bypassVectorIndex();
    if (filter) search = search.where(filterToSql(filter, known));
    return search.select([...new Set([...selected, "_distance"])]);
  }
}
