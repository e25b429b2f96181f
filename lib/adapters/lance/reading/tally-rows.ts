import type { Query } from "@lancedb/lancedb";
import { limits } from "../../../config/limits.ts";
import { badRequest, DomainError } from "../../../domain/errors.ts";
import type { Fallbacks } from "../../../domain/fallbacks.ts";
import { refuseChangedColumns } from "../../../domain/index/column-changes.ts";
import { FacetCounts } from "../../../domain/search/facet-counts.ts";
import { facetIssues } from "../../../domain/search/facets.ts";
import type { Tally, TallyQuery } from "../../../domain/search/reader.ts";
import { columnsOf, type TextPlan } from "../../../domain/text/text-plan.ts";
import { inBatches } from "../in-batches.ts";
import { lanceCall } from "../lance-errors.ts";
import { equalTexts } from "../rows/equal-texts.ts";
import { jsonColumn } from "../rows/json-values.ts";
import { filterToSql } from "./filter-sql.ts";
import type { RowsPart } from "./fuzzy-search.ts";
import type { KnownWords } from "./known-words.ts";
import type { TableSource } from "./table-queries.ts";

/**
 * Counts rows of a table at the version it is at: LanceDB by the filter alone, with scalar indexes where it has them, or
 * here as their values are read.
 * @param words where some are fuzzy, or told by their beginnings
 * @throws BadRequest, also where the filter leaves too many rows, DeadlineExceeded
 */
export async function tallyRows(
  source: TableSource,
  query: TallyQuery,
  fallbacks: Fallbacks,
  words?: KnownWords,
): Promise<Tally> {
  const { table, columns, version } = source.followed;
  const { filter, facets, timeoutMs, signal } = query;
  signal?.throwIfAborted();
  if (timeoutMs <= 0) throw new DomainError("DeadlineExceeded", "no time was left to count");
  const issues = facetIssues(facets, columns);
  if (issues.length > 0) throw badRequest(issues);
  const sql = filter && filterToSql(filter, columns);
  if (facets.length === 0 && !query.text) {
    const count = await lanceCall(timeoutMs, () => table.countRows(sql));
    return { version, count, facets: [] };
  }
  const counting = new Counting(
    query,
    facets.map((one, i) => new FacetCounts(one, `facets[${i}]`, columns)),
  );
  const names = [...facets.map(({ column }) => column), ...(query.text ? ["_score"] : [])];
  const batches = async function* () {
    for (const scan of await scansOf(source, query, words, fallbacks))
      yield* inBatches(scan.select(names), limits.facetBatchRows, fallbacks);
  };
  await lanceCall(timeoutMs, () => counting.over(batches())).finally(() => counting.stop());
  return { version, count: counting.rows, facets: counting.facets };
}

/** Of rows that no index of a text holds by themselves, where words are fuzzy. @throws ColumnsChanged */
async function scansOf(
  source: TableSource,
  { text, filter, timeoutMs }: TallyQuery,
  words: KnownWords | undefined,
  fallbacks: Fallbacks,
): Promise<Query[]> {
  const { followed, published } = source;
  const sql = filter && filterToSql(filter, followed.columns);
  if (!text) return [where(followed.table.query(), [sql])];
  refuseChangedColumns(published, followed.columns, columnsOf(text));
  const parts: { plan: TextPlan; part?: RowsPart }[] = words
    ? await (await import("./fuzzy-search.ts")).partPlans(source, text, words, fallbacks, timeoutMs)
    : [{ plan: text }];
  const { textSearch } = await import("./text-search.ts");
  return Promise.all(
    parts.map(async ({ plan, part }) => {
      const all = await textSearch(followed.table, plan, published);
      const most = limits.maxCountedTextRows + 1; // without a limit LanceDB finds ten
      return where((part?.isIndexed ? all.fastSearch() : all).limit(most), [part?.sql, sql]);
    }),
  );
}

/** With all of these conditions. */
function where(scan: Query, conditions: (string | undefined)[]): Query {
  const some = conditions.filter((sql) => sql !== undefined);
  return some.length > 0 ? scan.where(some.map((sql) => `(${sql})`).join(" AND ")) : scan;
}

type Batches = ReturnType<typeof inBatches>;

/** Values of rows as they are read, until nobody waits for them any more. */
class Counting {
  rows = 0;
  readonly #query: TallyQuery;
  readonly #counts: FacetCounts[];
  #isStopped = false;

  constructor(query: TallyQuery, counts: FacetCounts[]) {
    this.#query = query;
    this.#counts = counts;
  }

  get facets(): Tally["facets"] {
    return this.#counts.map(({ facet }) => facet);
  }

  /** What is under way goes on no further than its batch. */
  stop(): void {
    this.#isStopped = true;
  }

  async over(batches: Batches): Promise<void> {
    const { facets, text, signal } = this.#query;
    for await (const batch of batches) {
      if (this.#isStopped) return;
      signal?.throwIfAborted();
      this.rows += batch.numRows;
      if (text && this.rows > limits.maxCountedTextRows) throw tooManyFound();
      if (this.rows > limits.maxFacetRows) throw tooManyRows();
      for (const [i, { column }] of facets.entries()) {
        const values = batch.getChild(column);
        const value = values ? jsonColumn(values) : () => null;
        const texts = values && equalTexts(values);
        for (const { row, count } of texts ?? []) this.#counts[i]?.add(value(row), count);
        if (!texts) for (let row = 0; row < batch.numRows; row++) this.#counts[i]?.add(value(row));
      }
    }
  }
}

const tooManyFound = () =>
  badRequest({
    path: "text",
    message: `is found in more than ${limits.maxCountedTextRows} rows, which are not counted; ask for rarer words, with a filter, or without count and facets`,
  });

const tooManyRows = () =>
  badRequest({
    path: "facets",
    message: `the filter leaves more than ${limits.maxFacetRows} rows, whose values are not counted; narrow it, or count without facets`,
  });
