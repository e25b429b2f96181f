import type { Table as ArrowTable } from "apache-arrow";
import { DomainError } from "../../../domain/errors.ts";
import type { Publication } from "../../../domain/index/index-entry.ts";
import type { Query } from "../../../domain/search/reader.ts";
import type { Hit } from "../../../domain/search/search-response.ts";
import { exactDistance } from "../exact-distance.ts";
import { hitsAt, hitsIn, type NearestRows, nearestIn, nearRows, rowIdsOf } from "../rows/hits.ts";
import type { FollowedTable } from "./followed-table.ts";
import type { TableQueries } from "./table-queries.ts";
import type { Warming } from "./warming.ts";

/**
 * A search whose phases may read different copies of a table: the index tells which rows are near, then these are compared
 * by their vectors, then what is in them is read. Each says when this copy is at another version than the one before.
 */
export class TwoPhaseSearch {
  readonly #followed: FollowedTable;
  readonly #published: Publication;
  readonly #queries: TableQueries;
  readonly #warming: Warming;

  constructor(followed: FollowedTable, published: Publication, queries: TableQueries, warming: Warming) {
    this.#followed = followed;
    this.#published = published;
    this.#queries = queries;
    this.#warming = warming;
  }

  /**
   * The nearest rows without what is in them, for which the index alone is read. To refine there are as many times more
   * of them, by the distances of their codes.
   * @returns undefined when it does not tell k of them
   */
  async nearest(query: Query): Promise<NearestRows | undefined> {
    const { version } = this.#followed;
    const { refineFactor = 1, ...settings } = query.settings;
    const candidates = { ...query, k: query.k * refineFactor, settings };
    const rows = nearestIn(await this.#queries.run(this.#queries.nearest(candidates, ["_rowid"]), query));
    return rows.length < query.k ? undefined : { version, rows };
  }

  /**
   * The k nearest of these rows by their vectors, of which no others are read.
   * @returns undefined when this table is at another version
   */
  async refined(near: NearestRows, query: Query): Promise<NearestRows | undefined> {
    const { metric, vectorColumn } = this.#published;
    const taken = await this.#take(near, [vectorColumn], query);
    const vectors = taken?.getChild(vectorColumn);
    if (!taken || !vectors) return undefined;
    const rows = rowIdsOf(taken).map((id, row) => ({
      id,
      distance: exactDistance(metric, query.vector, vectors.get(row).toArray()),
    }));
    return { ...near, rows: rows.sort((a, b) => a.distance - b.distance).slice(0, query.k) };
  }

  /**
   * The hits whose rows another copy of this table has told, so that here only those rows are read.
   * @returns undefined when this table is at another version
   */
  async hitsOf({ version, rows }: NearestRows, query: Query): Promise<Hit[] | undefined> {
    const [hits] = (await this.hitsOfEach(version, [rows], query)) ?? [];
    return hits;
  }

  /**
   * The same for the rows of several queries that differ in their vectors alone: a row that many of them found is read once.
   * @returns undefined when this table is at another version
   */
  async hitsOfEach(version: number, each: NearestRows["rows"][], query: Query): Promise<Hit[][] | undefined> {
    const isAt = version === this.#followed.version;
    if (query.leg === "rows") return isAt ? each.map((rows) => nearRows(rows, this.#published)) : undefined;
    const resident = isAt ? this.#warming.rowsWith(query.columns) : undefined;
    const held = resident && each.map((rows) => hitsIn(resident, rows, this.#published, query));
    if (held?.every((hits) => hits !== undefined)) return held;
    const once = new Map(each.flat().map((row) => [row.id, row]));
    const near = { version, rows: [...once.values()] };
    const taken = await this.#take(near, [this.#published.idColumn, ...query.columns], query);
    if (!taken) return undefined;
    const places = new Map(rowIdsOf(taken).map((id, row) => [id, row]));
    return each.map((rows) => {
      const nearest = rows.map(({ id, distance }) => ({ row: placeIn(places, id), distance }));
      return hitsAt(nearest, taken, this.#published, query);
    });
  }

  /** In an order of its own. @returns undefined when this table is at another version */
  async #take(
    { version, rows }: NearestRows,
    columns: string[],
    query: Query,
  ): Promise<ArrowTable | undefined> {
    if (this.#followed.version !== version) return undefined;
    const wanted = this.#followed.table.takeRowIds(rows.map(({ id }) => id)).withRowId();
    const taken = await this.#queries.run(wanted.select([...new Set([...columns, "_rowid"])]), query);
    return (await this.#followed.isStillAt(version)) && taken.numRows === rows.length ? taken : undefined;
  }
}

/** @throws Internal: another row in its place would be a wrong answer */
function placeIn(places: Map<bigint, number>, id: bigint): number {
  const place = places.get(id);
  if (place !== undefined) return place;
  throw new DomainError("Internal", "LanceDB took other rows than those that were asked for");
}
