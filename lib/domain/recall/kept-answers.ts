import { limits } from "../../config/limits.ts";
import { inGroups } from "../in-groups.ts";
import type { SearchDefaults } from "../index/index-entry.ts";
import type { TaskContext } from "../task-context.ts";
import type { Nearest, Neighbours, ProbeVector } from "./recall-probe.ts";

/** A question whose right answers are known. */
export interface Query extends ProbeVector {
  exact: Nearest;
}

/** A right answer, and its place among all without the row that was asked with. */
export interface Right {
  id: string;
  place: number;
}

/** A row finds itself first. */
export const selvesOf = (query?: Pick<ProbeVector, "id">) => (query?.id == null ? 0 : 1);

/**
 * Searches for the neighbours of sampled questions. Each is kept: who asks for the same on more questions waits for those
 * that are new, and what is right for fewer hits is found in the same answers.
 */
export class KeptAnswers {
  readonly #probe: Neighbours;
  readonly #queries: Query[];
  readonly #context: TaskContext;
  /** Of thousands of answers the right ones are few. */
  readonly #known = new Map<string, Right[][]>();

  /** @param queries with the right answers for the most hits that will be looked at */
  constructor(probe: Neighbours, queries: Query[], context: TaskContext) {
    this.#probe = probe;
    this.#queries = queries;
    this.#context = context;
  }

  /** Right ones among so many answers beside the row that was asked with, for at least the first `some` questions. */
  async among(wanted: number, settings: SearchDefaults, some: number): Promise<Right[][]> {
    const key = JSON.stringify([wanted, settings]);
    const known = this.#known.get(key) ?? [];
    const most = Math.ceil(limits.answersTogether / wanted);
    const more = inTurns(this.#queries.slice(known.length, some), Math.min(limits.searchedTogether, most));
    const found = await inParallel(more, this.#context, (turn) => this.search(turn, wanted, settings));
    const all = [...known, ...found.flat()];
    this.#known.set(key, all);
    return all;
  }

  /** Without looking at what is known, nor keeping it. */
  async search(some: Query[], wanted: number, settings: SearchDefaults): Promise<Right[][]> {
    const asked = some.map(({ vector, exact }) => ({ vector, within: exact.within }));
    const found = await this.#probe.approximate(asked, wanted + selvesOf(some[0]), settings);
    return some.map((query, i) => rightOnes(query, found[i] ?? []));
  }
}

/** @param ids where right answers are too many to be listed, null in the place of each that is none */
function rightOnes({ id, exact }: Query, ids: (string | null)[]): Right[] {
  const right = new Set(exact.ids);
  const isRight = (one: string | null): one is string =>
    one !== null && (exact.within !== undefined || right.has(one));
  return ids
    .filter((one) => one === null || one !== id)
    .flatMap((one, place) => (isRight(one) ? [{ id: one, place }] : []));
}

/** As many as can be searched at the same time, or a multiple of these: one search has one thread. */
function inTurns<T>(items: T[], most: number): T[][] {
  const turns = Math.ceil(items.length / most / limits.recallConcurrency) * limits.recallConcurrency;
  const size = Math.ceil(items.length / turns);
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}

async function inParallel<T, R>(
  items: T[],
  { signal }: TaskContext,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  return inGroups(items, limits.recallConcurrency, (item) => {
    signal.throwIfAborted();
    return work(item);
  });
}
