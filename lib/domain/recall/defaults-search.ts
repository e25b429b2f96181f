import { limits } from "../../config/limits.ts";
import type { SearchDefaults } from "../index/index-entry.ts";
import { refined } from "../search/defaults-at-k.ts";
import type { Measured, Measurement } from "./measurement.ts";

/** A width of a ladder, by its place there, and how much is refined. */
export interface Rung {
  rung: number;
  refine: number;
}

/** The search for the settings of one index: what is foreseen on some of the queries is measured on all of them. */
export class DefaultsSearch {
  readonly #queries: Measured;
  readonly #target: number;
  readonly #widths: SearchDefaults[];
  readonly #margin: number;
  /** Refine factors that are foreseen together, by one search for all of them. */
  #together: number[] = [];

  /**
   * @param widths ascending, one at least
   * @param margin standard errors above the target
   */
  constructor(
    queries: Measured,
    target: number,
    widths: SearchDefaults[],
    margin: number = limits.recallMarginErrors,
  ) {
    this.#margin = margin;
    this.#queries = queries;
    this.#target = target;
    this.#widths = widths;
  }

  /** The fastest settings, measured on all queries; refined more where all of these do not bear out what some foresaw. */
  async reaching(refines: number[]): Promise<{ found?: Measurement | undefined; unrefined?: Rung }> {
    const { fastest, ...others } = await this.#fastest(refines);
    if (!fastest) return {};
    const found = await this.confirmed(fastest);
    if (found) return { found, ...others };
    return this.reaching(refines.filter((refine) => refine > fastest.refine));
  }

  /**
   * The least refine factor that can reach the target, with the least width that does; then larger ones, as long as they
   * make it faster. Whoever reaches it with one factor does with a larger one, since more candidates are compared.
   */
  async #fastest(refines: number[]): Promise<{ fastest?: Rung; unrefined?: Rung }> {
    const [least, ...larger] = await this.#thoseThatReach(refines);
    if (least === undefined) return {};
    const top = this.#widths.length - 1;
    let fastest = { refine: least, rung: await this.#leastRung([least, ...larger], top) };
    const found = least === 1 ? { unrefined: fastest } : {};
    for (const [i, refine] of larger.entries()) {
      const faster = await this.#faster(fastest, [refine, ...larger.slice(i + 1)]);
      if (!faster) break;
      fastest = faster;
    }
    return { fastest, ...found };
  }

  /** A search that compares more takes longer at equal width: only a smaller one can be faster. */
  async #faster(than: Rung, [refine = 1, ...larger]: number[]): Promise<Rung | undefined> {
    const share = than.refine > 1 ? 1 : limits.refiningTakes;
    const most = this.#widthOf(than.rung) * share;
    const top = this.#widths.findLastIndex((_, rung) => rung < than.rung && this.#widthOf(rung) <= most);
    if (top < 0 || !this.#reaches(await this.#decided({ rung: top, refine }))) return undefined;
    const other = { refine, rung: await this.#leastRung([refine, ...larger], top) };
    const [before, after] = [await this.#msOf(than), await this.#msOf(other)];
    return after < before * share ? other : undefined;
  }

  #widthOf(rung: number): number {
    const { nprobes, ef } = this.#widths[rung] ?? {};
    return nprobes ?? ef ?? 1;
  }

  #msOf({ rung, refine }: Rung): Promise<number> {
    return this.#queries.medianMs(refined(this.#widths[rung] ?? {}, refine));
  }

  /**
   * Measured on all queries, wider until it reaches the target; refined only where that is foreseen, since it costs more.
   * @returns undefined where no width does
   */
  async confirmed({ rung: from, refine }: Rung): Promise<Measurement | undefined> {
    this.#together = [refine];
    for (let rung = from; rung < this.#widths.length; rung++) {
      const isLikely =
        (rung === from && refine === 1) ||
        this.#reaches(await this.#foreseen({ rung, refine }, this.#queries.length));
      if (!isLikely) continue;
      const settings = refined(this.#widths[rung] ?? {}, refine);
      const found = await this.#queries.measure(settings, this.#queries.length);
      if (reaches(found, this.#target, this.#margin)) return found;
    }
    return undefined;
  }

  /** The best there is at any width, measured on all queries. */
  async best(refines: number[]): Promise<Measurement> {
    const rung = this.#widths.length - 1;
    const some = Math.min(limits.recallQueries, this.#queries.length);
    const foreseen = await this.#queries.foresee(this.#widths[rung] ?? {}, refines, some);
    const best = foreseen.reduce((one, other) => (other.recall > one.recall ? other : one));
    return this.#queries.measure(best.settings, this.#queries.length);
  }

  /** Of ascending refine factors, searched as widely as can be: the first that reaches the target, and all above. */
  async #thoseThatReach(refines: number[]): Promise<number[]> {
    const rung = this.#widths.length - 1;
    for (const [i, refine] of refines.entries()) {
      const isUsual = refine <= limits.usualRefineFactor;
      this.#together = refines.filter((one) => one <= limits.usualRefineFactor === isUsual);
      if (this.#reaches(await this.#decided({ rung, refine }))) return refines.slice(i);
    }
    return [];
  }

  /**
   * Bisection below a rung that reaches the target with the first of the refine factors; the next is foreseen as well,
   * since it is asked for where it may be faster.
   */
  async #leastRung([refine = 1, ...larger]: number[], top: number): Promise<number> {
    this.#together = [refine, ...larger.slice(0, 1)];
    let [low, high] = [0, top];
    while (low < high) {
      const rung = (low + high) >> 1;
      if (this.#reaches(await this.#decided({ rung, refine }))) high = rung;
      else low = rung + 1;
    }
    return high;
  }

  /** On twice as many queries each time, until the answer is clear or as many were asked as a choice is made by. */
  async #decided(rung: Rung): Promise<Measurement | undefined> {
    const most = Math.min(limits.recallQueries, this.#queries.length);
    for (let some = this.#some; ; some = Math.min(some * 2, most)) {
      const foreseen = await this.#foreseen(rung, some);
      if (!foreseen || some >= most || isClear(foreseen, this.#target, this.#queries.k)) return foreseen;
    }
  }

  /** A graph returns no more than the candidates it keeps. @returns undefined where these are too few for the factor */
  async #foreseen({ rung, refine }: Rung, some: number): Promise<Measurement | undefined> {
    const width = this.#widths[rung] ?? {};
    const { ef = Number.POSITIVE_INFINITY } = width;
    const able = this.#together.filter((one) => one * this.#queries.k <= ef);
    if (!able.includes(refine)) return undefined;
    return (await this.#queries.foresee(width, able, some))[able.indexOf(refine)];
  }

  /** With the error that a measurement on all queries would have. */
  #reaches(foreseen: Measurement | undefined): boolean {
    if (!foreseen) return false;
    const error = foreseen.error * Math.sqrt(foreseen.queries / this.#queries.length);
    return reaches({ ...foreseen, error }, this.#target, this.#margin);
  }

  get #some(): number {
    return Math.min(limits.recallFirstQueries, this.#queries.length);
  }
}

/**
 * Two standard errors off the target. Few queries that all agree would have no error at all: half a neighbour in all
 * of them is the least that is assumed.
 */
function isClear({ recall, error, queries }: Measurement, target: number, k: number): boolean {
  const assumed = Math.max(error, 1 / (2 * k * Math.sqrt(queries)));
  return Math.abs(recall - target) > 2 * assumed;
}

/** At a target of 1 nothing can be to spare. */
export function reaches(
  { recall, error }: Measurement,
  target: number,
  margin: number = limits.recallMarginErrors,
): boolean {
  return recall >= Math.min(1, target + margin * error);
}
