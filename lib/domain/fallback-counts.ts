import { limits } from "../config/limits.ts";
import type { FallbackCount, Fallbacks, FastPath, ReasonOf, SeenFallbacks } from "./fallbacks.ts";

/** A count that is told: of this path and reason, how many there were, and how many of them nobody was told of. */
export type ReportFallback = (count: FallbackCount, fresh: number) => void;

interface Counted extends FallbackCount {
  reported: number;
  timer?: NodeJS.Timeout | undefined;
}

/**
 * Counts in this process, by path and reason, of which there are as many as the table says, and by index, the last
 * so many of them. Each first one is reported at once, then the tenth, the hundredth, …, and what came meanwhile a minute later.
 */
export class FallbackCounts implements Fallbacks, SeenFallbacks {
  readonly #report: ReportFallback;
  readonly #all = new Map<string, Counted>();
  /** The one that fell back longest ago first. */
  readonly #ofIndexes = new Map<string, Map<string, FallbackCount>>();

  constructor(report: ReportFallback) {
    this.#report = report;
  }

  happened<P extends FastPath>(path: P, reason: ReasonOf<P>): void {
    const counted = countedUp<Counted>(this.#all, path, reason, { reported: 0 });
    if (Number.isInteger(Math.log10(counted.count))) this.#tell(counted);
    else counted.timer ??= setTimeout(() => this.#tell(counted), limits.fallbackReportMs).unref();
  }

  of(index: string): Fallbacks {
    return {
      happened: (path, reason) => {
        countedUp(this.#countsOf(index), path, reason, {});
        this.happened(path, reason);
      },
      of: (other) => this.of(other),
    };
  }

  seen(index?: string): FallbackCount[] {
    const counts = index === undefined ? this.#all : this.#ofIndexes.get(index);
    const found = [...(counts?.values() ?? [])];
    return found.map(({ fastPath, reason, count }) => ({ fastPath, reason, count }));
  }

  #countsOf(index: string): Map<string, FallbackCount> {
    const counts = this.#ofIndexes.get(index) ?? new Map<string, FallbackCount>();
    this.#ofIndexes.delete(index);
    this.#ofIndexes.set(index, counts);
    const [oldest] = this.#ofIndexes.keys();
    if (this.#ofIndexes.size > limits.maxObservedIndexes && oldest !== undefined)
      this.#ofIndexes.delete(oldest);
    return counts;
  }

  #tell(counted: Counted): void {
    clearTimeout(counted.timer);
    counted.timer = undefined;
    const fresh = counted.count - counted.reported;
    counted.reported = counted.count;
    const { fastPath, reason, count } = counted;
    this.#report({ fastPath, reason, count }, fresh);
  }
}

function countedUp<Count extends FallbackCount>(
  counts: Map<string, Count>,
  fastPath: FastPath,
  reason: string,
  extra: Omit<Count, keyof FallbackCount>,
): Count {
  const key = `${fastPath} ${reason}`;
  const counted = counts.get(key) ?? ({ fastPath, reason, count: 0, ...extra } as Count);
  counted.count += 1;
  counts.set(key, counted);
  return counted;
}
