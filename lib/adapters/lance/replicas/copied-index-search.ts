import { limits } from "../../../config/limits.ts";
import type { Query } from "../../../domain/search/reader.ts";
import type { Hit } from "../../../domain/search/search-response.ts";
import { isGone } from "../lance-errors.ts";
import type { LanceReader } from "../reading/lance-reader.ts";
import { type NearestRows, nearRows } from "../rows/hits.ts";
import { isOfTheDisk, whyUnreadable } from "./disk-errors.ts";
import type { NearestReads } from "./nearest-reads.ts";
import type { Replica } from "./replica.ts";
import type { Replicas } from "./replicas.ts";

/** Searches whose nearest rows a copy of the index tells, before there is a replica of all. */
export class CopiedIndexSearch {
  readonly #reads: NearestReads;

  constructor(reads: NearestReads) {
    this.#reads = reads;
  }

  /** @returns undefined where the index alone does not answer, or cannot be had */
  async hits(query: Query): Promise<Hit[] | undefined> {
    if (query.filter || query.isExact || query.range || this.#reads.published.indexType === "EXACT")
      return undefined; // these read rows
    if (query.k > this.#reads.published.rows) return undefined; // which only a search of all partitions finds
    if (query.k * (query.settings.refineFactor ?? 0) > limits.refinedCandidates) return undefined;
    const started = performance.now();
    const left = () => ({ ...query, timeoutMs: query.timeoutMs - (performance.now() - started) });
    const { replicas, indexes } = this.#reads.copies;
    await replicas.open(this.#reads.wanted);
    const inParts = replicas.openAt(this.#reads.ref, this.#reads.version);
    if (inParts?.copy.isIndexed) {
      if (!(await this.#isAllIndexed())) return undefined;
      return inParts.held(async () => {
        const near = await this.#nearestIn(inParts, replicas, "partial-copy", left());
        return near && this.#hitsOf(near, inParts, left());
      });
    }
    await indexes.fill(this.#reads.wanted);
    const near = await this.#nearestIn(
      indexes.at(this.#reads.ref, this.#reads.version),
      indexes,
      "index-copy",
      left(),
    );
    return near && this.#hitsOf(near, replicas.openAt(this.#reads.ref, near.version), left());
  }

  /**
   * Whether the index alone tells the nearest: where rows lie beside it LanceDB compares what it tells with these by vectors, of
   * which a file that is there in parts has zeros.
   */
  async #isAllIndexed(): Promise<boolean> {
    const rows = await this.#reads.unindexedRows();
    if (rows !== 0)
      this.#reads.fallbacks.happened(
        "partial-copy",
        rows === undefined ? "rows-unknown" : "rows-not-indexed",
      );
    return rows === 0;
  }

  /** @returns undefined also where rows are gone that a version had which a search beside this one has moved on from */
  async #hitsOf(
    candidates: NearestRows,
    replica: Replica | undefined,
    query: Query,
  ): Promise<Hit[] | undefined> {
    const started = performance.now();
    const refines = query.settings.refineFactor !== undefined;
    try {
      const near = refines
        ? await this.#reads.readFrom(readyOf(replica), (reader) => reader.phases.refined(candidates, query))
        : candidates;
      if (near && query.leg === "rows")
        return near.version === this.#reads.version ? nearRows(near.rows, this.#reads.published) : undefined;
      const timeoutMs = query.timeoutMs - (performance.now() - started);
      const hits =
        near &&
        (await this.#readNear(near, replica, { ...query, timeoutMs }, (reader) =>
          reader.phases.hitsOf(near, { ...query, timeoutMs }),
        ));
      if (!hits) this.#reads.fallbacks.happened("index-copy", "table-moved-on");
      return hits;
    } catch (error) {
      if (!isOfTheDisk(error)) throw error;
      this.#reads.fallbacks.happened("index-copy", isGone(error) ? "table-moved-on" : "unreadable");
      return undefined;
    }
  }

  async #nearestIn(
    copy: Replica | undefined,
    copies: Replicas,
    kind: "partial-copy" | "index-copy",
    query: Query,
  ): Promise<NearestRows | undefined> {
    try {
      const near = await copy?.nearest(query);
      if (near === "not-fetched") this.#reads.fallbacks.happened("partial-copy", near);
      else if (near) return near;
      else if (copy) this.#reads.fallbacks.happened(kind, "too-few-hits");
      return undefined;
    } catch (error) {
      if (!isOfTheDisk(error)) throw error;
      this.#reads.fallbacks.happened(kind, isGone(error) ? "rows-not-indexed" : whyUnreadable(error));
      copies.refuse(this.#reads.ref, this.#reads.version);
      return undefined;
    }
  }

  /** Reads rows that are known: a replica serves it to which these have come. */
  async #readNear<T>(
    near: NearestRows,
    replica: Replica | undefined,
    query: Query,
    work: (reader: LanceReader) => Promise<T>,
  ): Promise<T> {
    const columns = [this.#reads.published.idColumn, ...query.columns];
    if (columns.includes(this.#reads.published.vectorColumn))
      return this.#reads.readFrom(readyOf(replica), work);
    const areThere = replica && (await this.#areThere(replica, near, columns, query.timeoutMs));
    return this.#reads.readFrom(areThere ? replica : undefined, work);
  }

  /** Whether the rows may be read from a replica, to which they may have to come first. */
  async #areThere(replica: Replica, near: NearestRows, columns: string[], timeoutMs: number) {
    try {
      const areThere = await replica.hasRows(near, columns, timeoutMs);
      if (areThere !== true) this.#reads.fallbacks.happened("partial-copy", areThere || "rows-unknown");
      return areThere === true;
    } catch (error) {
      if (!isOfTheDisk(error)) throw error;
      this.#reads.fallbacks.happened("partial-copy", whyUnreadable(error));
      this.#reads.copies.replicas.refuse(this.#reads.ref, this.#reads.version);
      return false;
    }
  }
}

const readyOf = (replica: Replica | undefined) => (replica?.isReady ? replica : undefined);
