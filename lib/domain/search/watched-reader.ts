import { limits } from "../../config/limits.ts";
import type { ExplainedStep } from "./explanation.ts";
import type { PageQuery, Query, Reader, TallyQuery, TextSearch } from "./reader.ts";

/** A step, and what it asked the reader for, where that can be done once more. */
export interface WatchedStep {
  told: ExplainedStep;
  asked: Query | TextSearch | PageQuery | undefined;
}

/** Which reads are steps, and what is told of each. */
const reads: Record<string, (asked: never, found: never) => WatchedStep["told"] | undefined> = {
  search: (query: Query, hits: unknown[]) => ({ ...vectorStep(query), found: hits.length }),
  searchAlike: (queries: Query[], hits: unknown[][] | undefined) =>
    hits && {
      ...vectorStep(queries[0] as Query),
      ...{ queries: queries.length, found: hits.reduce((sum, some) => sum + some.length, 0) },
    },
  searchText: ({ k, filter }: TextSearch, hits: unknown[]) => ({
    ...{ ...untimed, step: "text", k, filtered: filter !== undefined, found: hits.length },
    ranking: "bm25",
  }),
  fetch: (_: unknown, documents: Map<string, unknown>) => documentsStep(documents),
  documentsOf: (_: unknown, documents: Map<string, unknown>) => documentsStep(documents),
  page: ({ filter, orderBy }: PageQuery, { documents }: { documents: unknown[] }) => ({
    ...{ ...untimed, step: "page", filtered: filter !== undefined, ordered: orderBy !== undefined },
    found: documents.length,
  }),
  tally: ({ filter }: TallyQuery, { count }: { count: number }) => ({
    ...{ ...untimed, step: "counts", filtered: filter !== undefined, found: count },
  }),
};

/** Steps that can be done once more. */
const repeated = new Set<ExplainedStep["step"]>(["vector", "text", "page"]);

const untimed = { startMs: 0, ms: 0 };

const documentsStep = ({ size }: Map<string, unknown>): ExplainedStep => ({
  ...{ ...untimed, step: "documents", found: size },
});

const vectorStep = ({ k, filter, isExact = false, range, settings }: Query): ExplainedStep => ({
  ...{ ...untimed, step: "vector", k, filtered: filter !== undefined, found: 0 },
  ...(isExact ? { exact: true } : {}),
  ...(range ? { range: true } : {}),
  ...settings,
});

/** What a reader was asked for, step by step, as long as there is room for it. */
export class WatchedReads {
  readonly steps: WatchedStep[] = [];
  moreSteps = 0;
  readonly #started: number;

  /** @param started when the request was begun, by `performance.now` */
  constructor(started: number) {
    this.#started = started;
  }

  /** The reader itself, whose reads are kept. */
  reader(reader: Reader): Reader {
    return new Proxy(reader, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        const told = typeof name === "string" && Object.hasOwn(reads, name) ? reads[name] : undefined;
        if (!told) return value.bind(target);
        return (...asked: unknown[]) =>
          this.#kept(asked[0], told as (asked: unknown, found: unknown) => ExplainedStep | undefined, () =>
            value.apply(target, asked),
          );
      },
    });
  }

  async #kept<T>(
    asked: unknown,
    told: (asked: unknown, found: unknown) => ExplainedStep | undefined,
    read: () => Promise<T>,
  ): Promise<T> {
    const began = performance.now();
    const found = await read();
    const step = told(asked, found);
    if (!step) return found;
    const time = { startMs: began - this.#started, ms: performance.now() - began };
    if (this.steps.length < limits.maxExplainedSteps) this.#keep({ ...step, ...time }, asked);
    else this.moreSteps++;
    return found;
  }

  #keep(told: ExplainedStep, asked: unknown): void {
    const one = Array.isArray(asked) ? asked[0] : asked;
    this.steps.push({ told, asked: repeated.has(told.step) ? (one as WatchedStep["asked"]) : undefined });
    this.steps.sort((a, b) => a.told.startMs - b.told.startMs);
  }
}
