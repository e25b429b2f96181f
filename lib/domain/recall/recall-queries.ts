import { limits } from "../../config/limits.ts";
import type { SearchDefaults } from "../index/index-entry.ts";
import { refined } from "../search/defaults-at-k.ts";
import type { TaskContext } from "../task-context.ts";
import { summarise } from "./choose-search-defaults.ts";
import { KeptAnswers, type Query, type Right, selvesOf } from "./kept-answers.ts";
import type { Measured, Measurement } from "./measurement.ts";
import type { Nearest, Neighbours, ProbeVector } from "./recall-probe.ts";

/** Sampled questions for the k nearest with their right answers, and how well an index answers them. */
export class RecallQueries implements Measured {
  readonly k: number;
  readonly #probe: Neighbours;
  readonly #queries: Query[];
  readonly #answers: KeptAnswers;
  readonly #context: TaskContext;

  private constructor(
    k: number,
    queries: Query[],
    from: { probe: Neighbours; answers: KeptAnswers; context: TaskContext },
  ) {
    this.k = k;
    this.#queries = queries;
    this.#probe = from.probe;
    this.#answers = from.answers;
    this.#context = from.context;
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
    const queriesAt = (j: number) =>
      sample.map((one, i) => ({ ...one, exact: nearestOthers(exact[i]?.[j], one.id) }));
    const ofMost = new KeptAnswers(probe, queriesAt(ks.indexOf(Math.max(...ks))), context);
    const at = ks.map((k, j) => {
      const queries = queriesAt(j);
      const answers = queries.some(isTied) ? new KeptAnswers(probe, queries, context) : ofMost;
      return new RecallQueries(k, queries, { probe, answers, context });
    });
    return at as { [I in keyof K]: RecallQueries };
  }

  /** The first of them, which come from all parts of the table as all do. */
  first(some: number): RecallQueries {
    const from = { probe: this.#probe, answers: this.#answers, context: this.#context };
    return new RecallQueries(this.k, this.#queries.slice(0, some), from);
  }

  get length(): number {
    return this.#queries.length;
  }

  /** Those of them whose right answers do not hold the row of that id. */
  withoutThoseThatFind(ids: (string | null)[]): RecallQueries {
    const kept = this.#queries.filter(({ exact }, i) => !exact.ids.includes(ids[i] ?? ""));
    const answers = new KeptAnswers(this.#probe, kept, this.#context);
    return new RecallQueries(this.k, kept, { probe: this.#probe, answers, context: this.#context });
  }

  /**
   * Refining compares the candidates of a search without it, and finds all right answers among them: these are counted
   * for every query, and the first queries refined as well. Should that find fewer, all of them are.
   */
  async measure(settings: SearchDefaults, some: number): Promise<Measurement> {
    const { refineFactor = 1, ...width } = settings;
    if (refineFactor === 1) return summarise(settings, await this.#shares(this.k, width, some));
    const counted = await this.#shares(refineFactor * this.k, width, some);
    const first = await this.#refinedShares(settings, limits.refinedQueries);
    const isBorneOut = sum(first) >= sum(counted.slice(0, first.length)) - rounding;
    return summarise(settings, isBorneOut ? counted : await this.#refinedShares(settings, some));
  }

  /** One search without refining tells the recall of every refine factor. */
  async foresee(width: SearchDefaults, refines: number[], some: number): Promise<Measurement[]> {
    const found = await this.#found(Math.max(...refines) * this.k, width, some);
    return refines.map((refine) =>
      summarise(
        refined(width, refine),
        found.map((right, i) => this.#shareOf(i, right, refine * this.k)),
      ),
    );
  }

  async #shares(wanted: number, settings: SearchDefaults, some: number): Promise<number[]> {
    const found = await this.#found(wanted, settings, some);
    return found.map((right, i) => this.#shareOf(i, right, wanted));
  }

  /** A row finds itself beside the others: as many of these are compared as of a question that is no row. */
  async #refinedShares(settings: SearchDefaults, some: number): Promise<number[]> {
    return this.#shares(this.k, this.#withSelf(settings), some);
  }

  #withSelf({ refineFactor = 1, ...width }: SearchDefaults): SearchDefaults {
    const all = this.k + selvesOf(this.#queries[0]);
    return refined(width, refineFactor > 1 ? Math.ceil((refineFactor * this.k + all - this.k) / all) : 1);
  }

  async #found(wanted: number, settings: SearchDefaults, some: number): Promise<Right[][]> {
    const found = await this.#answers.among(wanted, settings, Math.min(some, this.length));
    return found.slice(0, this.length);
  }

  /** Of the k nearest those that are among the first so many answers. */
  #shareOf(query: number, right: Right[], first: number): number {
    const { ids, within } = this.#queries[query]?.exact ?? { ids: [] };
    const wanted = within === undefined ? Math.min(this.k, ids.length) : this.k;
    const own = within === undefined ? right.filter(({ id }) => ids.includes(id)) : right;
    const found = own.filter(({ place }) => place < first).length;
    return wanted === 0 ? 1 : Math.min(wanted, found) / wanted;
  }

  /** One search after the other, as they are served. */
  async medianMs(settings: SearchDefaults): Promise<number> {
    const times: number[] = [];
    for (const query of this.#queries.slice(0, limits.recallFirstQueries)) {
      this.#context.signal.throwIfAborted();
      const started = performance.now();
      await this.#answers.search([query], this.k, this.#withSelf(settings));
      times.push(performance.now() - started);
    }
    return times.sort((a, b) => a - b)[times.length >> 1] ?? 0;
  }
}

/** Of a sum of shares. */
const rounding = 1e-9;

const sum = (values: number[]) => values.reduce((all, one) => all + one, 0);

/** Whether its right answers are too many to be listed: what else is right for more hits cannot be told from them. */
const isTied = ({ exact }: Query) => exact.within !== undefined;

const nearestOthers = (nearest: Nearest = { ids: [] }, id: string | null): Nearest => ({
  ...nearest,
  ids: nearest.ids.filter((one) => one !== id),
});
