import { limits } from "../../config/limits.ts";
import { dollarsOf } from "./dollars.ts";
import type { Prices } from "./prices.ts";
import { noCounts, plus, type StoreCounts } from "./store-counts.ts";

/** What one request or task cost, as far as this process sees it. */
export interface Cost {
  dollars: number;
  billedMs: number;
  /** Of these, what the container took to be initialised; its first request pays that. */
  initMs: number;
  memoryMb: number;
  store: StoreCounts;
  /** Whether requests that LanceDB made by itself are counted, too. */
  counted: "all" | "own requests";
}

/** The same as who asks for it is told. */
export interface ExplainedCost extends Cost {
  /** What the store was asked behind earlier answers, of which no earlier line of the log tells. */
  behind: StoreCounts;
  /** Whether others were under way in this process, so that what the store was asked may be theirs. */
  shared: boolean;
}

/** Looks at what a process asks of stores, from when it began. */
export interface Watch {
  /** What was asked until now. */
  store(): StoreCounts;
  /** Of a request that took so long and asked so much of stores, through an HTTP API, in a container that was there before. */
  cost(store: StoreCounts, ms: number): Omit<Cost, "initMs"> & { shared: boolean };
}

/** What has ended, as it is logged and told. */
export interface Spent {
  /** With all that no line has told of before. */
  cost: Cost;
  /** Where its caller asked for it: what was asked of stores while it was under way. */
  explained: ExplainedCost | undefined;
  /** Which sums of dollars CloudWatch is asked for. */
  metricsBy: CostMetrics | undefined;
}

export type CostMetrics = "total" | "index";

/** A request or task that has begun. */
interface Begun {
  started: number;
  initMs: number;
  shared: boolean;
  /** What had been counted before it, and what of that no line had told, where its caller asks. */
  asked?: { before: StoreCounts; behind: StoreCounts };
}

interface Container {
  prices: Prices;
  memoryMb: number;
  diskMb?: number | undefined;
  /** Whether the time until its first request is billed. */
  paysForInit: boolean;
  metricsBy?: CostMetrics | undefined;
  /** What its own clients have asked of stores, since the process began. */
  own(): StoreCounts;
  /** What LanceDB has asked; undefined where that cannot be told. It takes some 0.07 ms. */
  lance(): StoreCounts | undefined;
}

/**
 * What a process spends, told request by request: each request to a store is counted once, with the request or task that
 * ended next. So the lines of a container add up to what it asked for, work behind its answers included.
 */
export class Spending {
  readonly #container: Container;
  readonly #under = new Set<Begun>();
  #lance: StoreCounts | undefined;
  #told: StoreCounts;
  #isFirst = true;
  #begun = 0;

  constructor(container: Container) {
    this.#container = container;
    this.#told = this.#look();
  }

  /** @param readyMs when the process was ready for its first @param exactly whether what this one asks for is told to its caller */
  begin(readyMs: number, exactly = false): Begun {
    const initMs = this.#isFirst && this.#container.paysForInit ? readyMs : 0;
    this.#isFirst = false;
    const begun: Begun = { started: performance.now(), initMs, shared: this.#under.size > 0 };
    if (exactly) {
      const before = this.#look();
      begun.asked = { before, behind: plus(before, this.#told, -1) };
    }
    for (const other of this.#under) other.shared = true;
    this.#under.add(begun);
    this.#begun++;
    return begun;
  }

  /** Begins to watch, while a request is under way that asks what it costs. */
  watch(): Watch {
    const [before, begun] = [this.#look(), this.#begun];
    const wasAlone = this.#under.size <= 1;
    return {
      store: () => plus(this.#look(), before, -1),
      cost: (store, ms) => {
        const { initMs: _, ...cost } = this.#costOf(ms, 0, store, true);
        return { ...cost, shared: !wasAlone || this.#begun > begun };
      },
    };
  }

  /** @param throughApi of a request */
  end(begun: Begun, throughApi = false): Spent {
    this.#under.delete(begun);
    const { started, initMs, shared, asked } = begun;
    const ms = performance.now() - started;
    const told = this.#told;
    const counted = asked || ms > limits.unlookedMs ? this.#look() : this.#counted();
    this.#told = counted;
    const costOf = (store: StoreCounts) => this.#costOf(ms, initMs, store, throughApi);
    const explained = asked && {
      ...costOf(plus(counted, asked.before, -1)),
      behind: asked.behind,
      shared,
    };
    const { metricsBy } = this.#container;
    return { cost: costOf(plus(counted, told, -1)), explained, metricsBy };
  }

  #costOf(ms: number, initMs: number, store: StoreCounts, throughApi: boolean): Cost {
    const { prices, memoryMb, diskMb } = this.#container;
    const billedMs = Math.ceil(ms + initMs);
    const dollars = dollarsOf(prices, { ms: billedMs, memoryMb, diskMb, store, throughApi });
    return {
      dollars: Number(dollars.toPrecision(6)),
      billedMs,
      initMs: Math.ceil(initMs),
      memoryMb,
      store,
      counted: this.#lance ? "all" : "own requests",
    };
  }

  /** All that was counted, LanceDB's with them. */
  #look(): StoreCounts {
    this.#lance = this.#container.lance();
    return this.#counted();
  }

  #counted(): StoreCounts {
    return plus(this.#container.own(), this.#lance ?? noCounts());
  }
}
