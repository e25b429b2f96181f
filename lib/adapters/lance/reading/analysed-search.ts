import { unobserved } from "../../../domain/fallbacks.ts";
import type { SearchWork } from "../../../domain/search/explanation.ts";
import type { PageQuery, Query, TextSearch } from "../../../domain/search/reader.ts";
import { lanceCall } from "../lance-errors.ts";
import { operatorsOf, workOf } from "./analysed-plan.ts";
import { filterToSql } from "./filter-sql.ts";
import { expandedPlan } from "./fuzzy-search.ts";
import type { KnownWords } from "./known-words.ts";
import type { TableSource } from "./table-queries.ts";

interface Analysed {
  analyzePlan(): Promise<string>;
}

/**
 * What LanceDB does for a search or a page, by doing it once more; of a range of distances the first of its searches, of a
 * page in an order the reading of what is ordered.
 * @returns undefined of a page of another version
 * @throws DeadlineExceeded
 */
export async function analysed(
  source: TableSource,
  asked: Query | TextSearch | PageQuery,
  words?: KnownWords,
  fallbacks = unobserved,
): Promise<SearchWork | undefined> {
  const { followed, queries, published } = source;
  const ends = performance.now() + asked.timeoutMs;
  const operators = async (query: Analysed) => {
    asked.signal?.throwIfAborted();
    return operatorsOf(await lanceCall(ends - performance.now(), () => query.analyzePlan()));
  };
  if ("plan" in asked) {
    const plan = words
      ? await expandedPlan(source, asked.plan, words, fallbacks, asked.timeoutMs)
      : asked.plan;
    return workOf(await operators(await queries.best({ ...asked, plan })), 1);
  }
  if ("vector" in asked) {
    const first = await operators(queries.nearest(asked));
    const isEnough = (first[0]?.rows ?? 0) >= asked.k || asked.settings.nprobes === undefined;
    if (isEnough) return workOf(first, 1);
    return workOf(await operators(queries.nearest(asked).maximumNprobes(0)), 2);
  }
  const { filter, orderBy, offset, limit, version = followed.version } = asked;
  if (version !== followed.version) return undefined;
  const { table, columns } = followed;
  const all = filter ? table.query().where(filterToSql(filter, columns)) : table.query();
  const names = [published.idColumn, ...(orderBy ?? []).map(({ column }) => column)];
  const page = all.select([...new Set(names)]);
  return workOf(await operators(orderBy ? page : page.offset(offset).limit(limit)), 1);
}
