import { limits } from "../../config/limits.ts";
import type { SearchDefaults } from "../index/index-entry.ts";
import { refined } from "../search/defaults-at-k.ts";
import type { TaskContext } from "../task-context.ts";
import { summarise } from "./choose-search-defaults.ts";
import type { Foresee, Measure, Measured } from "./measurement.ts";
import type { Nearest, Neighbours, ProbeVector } from "./recall-probe.ts";

/** A question whose right answers are known. */
interface Query extends ProbeVector {
  exact: Nearest;
}

/** Sampled questions for the k nearest with their right answers, and how well an index answers them. */
export class RecallQueries implements Measured {
  readonly k: number;
  readonly measure: Measure;
  readonly foresee: Foresee;
  readonly #probe: Neighbours;
  readonly #queries: Query[];
  readonly #context: TaskContext;
  readonly #candidates: Search<SearchDefaults & { most: number }>;

  private constructor(k: number, probe: Neighbours, queries: Query[], context: TaskContext) {
    this.k = k;
    this.#probe = probe;
    this.#queries = queries;
    this.#context = context;
    this.#candidates = this.#listing();
    this.measure = this.#measuring();
    this.foresee = this.#foreseeing();
  }

  /** Every row is compared with every one of them. @returns for each k */
  static async of<K extends number[]>(
    probe: Neighbours,
    sample: ProbeVector[],
    ks: [...K],
    context: TaskContext,
  ): Promise<{ [I in keyof K]: RecallQueries }> {
    context.signal.throwIfAborted();
    const self = selvesOf(sample[0]);
    const exact = await probe.exact(
      sample.map(({ vector }) => vector),
      ks.map((k) => k + self),
      context.signal,
    );
    const at = ks.map((k, j) => {
      const queries = sample.map((one, i) => ({ ...one, exact: nearestOthers(exact[i]?.[j], one.id) }));
      return new RecallQueries(k, probe, queries, context);
    });
    return at as { [I in keyof K]: RecallQueries };
  }

  /** The first of them, which come from all parts of the table as all do. */
  first(some: number): RecallQueries {
    return new RecallQueries(this.k, this.#probe, this.#queries.slice(0, some), this.#context);
  }

  get length(): number {
    return this.#queries.length;
  }

  /** Those of them whose right answers do not hold the row of that id. */
  withoutThoseThatFind(ids: (string | null)[]): RecallQueries {
    const kept = this.#queries.filter(({ exact }, i) => !exact.ids.includes(ids[i] ?? ""));
    return new RecallQueries(this.k, this.#probe, kept, this.#context);
  }

  /**
   * Refining compares the candidates of a search without it, and finds all right answers among them: these are counted
   * for every query, and the first queries refined as well. Should that find fewer, all of them are.
   */
  #measuring(): Measure {
    const search = this.#kept((some, settings: SearchDefaults) => this.#searched(some, settings));
    return async (settings, some) => {
      const { refineFactor = 1, ...width } = settings;
      const isRefined = refineFactor > 1;
      const first = isRefined ? Math.min(limits.recallFirstQueries, some) : some;
      const answers = this.#shares(await search(settings, first), this.k);
      if (!isRefined) return summarise(settings, answers);
      const candidates = await this.#candidates({ ...width, most: refineFactor }, some);
      const counted = this.#shares(candidates, refineFactor * this.k);
      const isBorneOut = sum(answers) >= sum(counted.slice(0, answers.length)) - rounding;
      return summarise(settings, isBorneOut ? counted : this.#shares(await search(settings, some), this.k));
    };
  }

  /** One search without refining tells the recall of every refine factor. */
  #foreseeing(): Foresee {
    return async (width, refines, some) => {
      const found = await this.#candidates({ ...width, most: Math.max(...refines) }, some);
      return refines.map((refine) => summarise(refined(width, refine), this.#shares(found, refine * this.k)));
    };
  }

  /** What is found without refining, so many times k. */
  #listing(): Search<SearchDefaults & { most: number }> {
    return this.#kept((some, { most, ...width }: SearchDefaults & { most: number }) =>
      this.#answers(some, most * this.k + selvesOf(some[0]), width),
    );
  }

  #shares(found: Found[], first: number): number[] {
    return found.map((one) => this.#shareOf(one, first));
  }

  /** Searches, each of which is kept: who asks for the same on more queries waits for those that are new. */
  #kept<S>(search: (some: Query[], settings: S) => Promise<Found[]>): Search<S> {
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

  /** A row finds itself beside the others: as many of these are compared as of a question that is no row. */
  async #searched(some: Query[], { refineFactor = 1, ...width }: SearchDefaults): Promise<Found[]> {
    const self = selvesOf(some[0]);
    const refine = Math.ceil((refineFactor * this.k + self) / (this.k + self));
    return this.#answers(some, this.k + self, refined(width, refineFactor > 1 ? refine : 1));
  }

  async #answers(some: Query[], wanted: number, settings: SearchDefaults): Promise<Found[]> {
    const asked = some.map(({ vector, exact }) => ({ vector, within: exact.within }));
    const found = await this.#probe.approximate(asked, wanted, settings);
    return some.map((query, i) => ({ query, right: placesOfRight(query, found[i] ?? []) }));
  }

  /** Of the k nearest those that are among the first so many answers. */
  #shareOf({ query: { exact }, right }: Found, first: number): number {
    const wanted = exact.within === undefined ? Math.min(this.k, exact.ids.length) : this.k;
    const found = right.filter((place) => place < first).length;
    return wanted === 0 ? 1 : Math.min(wanted, found) / wanted;
  }

  /** One search after the other, as they are served. */
  async medianMs(settings: SearchDefaults): Promise<number> {
    const times: number[] = [];
    for (const query of this.#queries.slice(0, limits.recallFirstQueries)) {
      this.#context.signal.throwIfAborted();
      const started = performance.now();
      await this.#searched([query], settings);
      times.push(performance.now() - started);
    }
    return times.sort((a, b) => a - b)[times.length >> 1] ?? 0;
  }
}

/** Of a sum of shares. */
const rounding = 1e-9;

/** For at least the first so many queries. */
type Search<S> = (settings: S, some: number) => Promise<Found[]>;

interface Found {
  query: Query;
  /** Where right answers stand among all, without the row that was asked with; of thousands of answers these are few. */
  right: number[];
}

/** @param ids where right answers are too many to be listed, null in the place of each that is none */
function placesOfRight({ id, exact }: Query, ids: (string | null)[]): number[] {
  const right = new Set(exact.ids);
  const isRight = (one: string | null) => one !== null && (exact.within !== undefined || right.has(one));
  return ids
    .filter((one) => one === null || one !== id)
    .flatMap((one, place) => (isRight(one) ? [place] : []));
}

/** A row finds itself first. */
const selvesOf = (query?: Pick<ProbeVector, "id">) => (query?.id == null ? 0 : 1);

const nearestOthers = (nearest: Nearest = { ids: [] }, id: string | null): Nearest => ({
  ...nearest,
  ids: nearest.ids.filter((one) => one !== id),
});

const sum = (values: number[]) => values.reduce((all, one) => all + one, 0);

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
