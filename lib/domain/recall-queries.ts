import { limits } from "../config/limits.ts";
import { recallOf, summarise } from "./choose-search-defaults.ts";
import type { SearchDefaults } from "./index-entry.ts";
import { type Foresee, type Measure, type Measured, refined } from "./measurement.ts";
import type { Nearest, Neighbours, ProbeVector, TaskContext } from "./ports.ts";

/** A question whose right answers are known. */
interface Query extends ProbeVector {
  exact: Nearest;
}

/** Sampled questions with their right answers, and how well an index answers them. */
export class RecallQueries implements Measured {
  readonly measure: Measure;
  readonly foresee: Foresee;
  readonly #probe: Neighbours;
  readonly #queries: Query[];
  readonly #context: TaskContext;

  private constructor(probe: Neighbours, queries: Query[], context: TaskContext) {
    this.#probe = probe;
    this.#queries = queries;
    this.#context = context;
    this.measure = this.#measuring();
    this.foresee = this.#foreseeing();
  }

  /** Every row is compared with every one of them. */
  static async of(probe: Neighbours, sample: ProbeVector[], context: TaskContext): Promise<RecallQueries> {
    context.signal.throwIfAborted();
    const vectors = sample.map(({ vector }) => vector);
    const exact = await probe.exact(vectors, [answersTo(sample[0])]);
    const queries = sample.map((query, i) => ({
      ...query,
      exact: nearestOthers(exact[i]?.[0], query.id),
    }));
    return new RecallQueries(probe, queries, context);
  }

  get length(): number {
    return this.#queries.length;
  }

  /** Those of them whose right answers do not hold the row of that id. */
  withoutThoseThatFind(ids: (string | null)[]): RecallQueries {
    const kept = this.#queries.filter(({ exact }, i) => !exact.ids.includes(ids[i] ?? ""));
    return new RecallQueries(this.#probe, kept, this.#context);
  }

  /** Searches, each of which is kept: who asks for the same on more queries waits for those that are new. */
  #measuring(): Measure {
    const search = this.#kept((some, settings: SearchDefaults) => this.#answers(some, 1, settings));
    return async (settings, some) => {
      const recalls = (await search(settings, some)).map(({ query, ids }) => shareFound(query, ids));
      return summarise(settings, recalls);
    };
  }

  /**
   * One search without refining tells the recall of every refine factor: refining compares the first so many times k
   * candidates again, and finds all right answers among them.
   */
  #foreseeing(): Foresee {
    const search = this.#kept((some, { most, ...width }: SearchDefaults & { most: number }) =>
      this.#answers(some, most, width),
    );
    return async (width, refines, some) => {
      const found = await search({ ...width, most: Math.max(...refines) }, some);
      return refines.map((refine) => {
        const recalls = found.map(({ query, ids }) =>
          shareFound(query, ids.slice(0, refine * answersTo(query)), refine > 1),
        );
        return summarise(refined(width, refine), recalls);
      });
    };
  }

  #kept<S>(search: (some: Query[], settings: S) => Promise<Found[]>) {
    const known = new Map<string, Found[]>();
    return async (settings: S, some: number): Promise<Found[]> => {
      const key = JSON.stringify(settings);
      const before = known.get(key) ?? [];
      const more = inTurns(this.#queries.slice(before.length, some), limits.searchedTogether);
      const found = await inParallel(more, this.#context, (turn) => search(turn, settings));
      const all = [...before, ...found.flat()];
      known.set(key, all);
      return all;
    };
  }

  /** @param most times as many answers */
  async #answers(some: Query[], most: number, settings: SearchDefaults): Promise<Found[]> {
    const asked = some.map(({ vector, exact }) => ({ vector, within: exact.within }));
    const found = await this.#probe.approximate(asked, most * answersTo(some[0]), settings);
    return some.map((query, i) => ({ query, ids: found[i] ?? [] }));
  }

  /** One search after the other, as they are served. */
  async medianMs(settings: SearchDefaults): Promise<number> {
    const times: number[] = [];
    for (const query of this.#queries.slice(0, limits.recallFirstQueries)) {
      this.#context.signal.throwIfAborted();
      const started = performance.now();
      await this.#answers([query], 1, settings);
      times.push(performance.now() - started);
    }
    return times.sort((a, b) => a - b)[times.length >> 1] ?? 0;
  }
}

interface Found {
  query: Query;
  /** Null where an answer is wrong though it cannot be told from the right ones by its id. */
  ids: (string | null)[];
}

/**
 * Where right answers are too many to be listed, none that was found is wrong.
 * @param isRefined whether right answers count wherever they stand: refining brings them to the front
 */
function shareFound({ id, exact }: Query, ids: (string | null)[], isRefined = false): number {
  const others = ids.filter((one) => one !== null && one !== id) as string[];
  const right = exact.within === undefined ? exact.ids : [...exact.ids, ...others];
  const found = isRefined ? others.filter((one) => right.includes(one)) : others;
  return recallOf(right, found, limits.recallK);
}

/** A row finds itself first. */
const answersTo = (query?: Pick<ProbeVector, "id">) => limits.recallK + (query?.id == null ? 0 : 1);

const nearestOthers = (nearest: Nearest = { ids: [] }, id: string | null): Nearest => ({
  ...nearest,
  ids: nearest.ids.filter((one) => one !== id),
});

function inTurns<T>(items: T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}

async function inParallel<T, R>(
  items: T[],
  { signal }: TaskContext,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (let i = 0; i < items.length; i += limits.recallConcurrency) {
    signal.throwIfAborted();
    results.push(...(await Promise.all(items.slice(i, i + limits.recallConcurrency).map(work))));
  }
  return results;
}
