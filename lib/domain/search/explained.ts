import { limits } from "../../config/limits.ts";
import type { Watch } from "../cost/spending.ts";
import { plus, type StoreCounts } from "../cost/store-counts.ts";
import { DomainError } from "../errors.ts";
import type { Explainable } from "./explained-where-asked.ts";
import { type ExplainedStep, type Explanation, withholdable } from "./explanation.ts";
import type { Lease, WarmIndexes } from "./reader.ts";
import { milliseconds } from "./search-response.ts";
import { WatchedReads, type WatchedStep } from "./watched-reader.ts";

/**
 * An answer with how it was found. What it reads is watched, and when it is there the first search of each kind is done once
 * more by LanceDB, which tells then what it compared.
 * @param answer searches with the indexes that it is handed
 * @throws what the answer throws
 */
export async function explained<T extends object>(
  { indexes, costs, left }: Explainable,
  answer: (indexes: WarmIndexes) => Promise<T>,
): Promise<T & { explain: Explanation }> {
  const started = performance.now();
  const watch = costs?.watch();
  let learnt: Learnt | undefined;
  const watched: WarmIndexes = {
    use: (index, freshness, work) =>
      indexes.use(index, freshness, async (lease) => {
        const reads = new WatchedReads(started);
        const readFrom = readFromOf(lease);
        const answered = await work({ ...lease, reader: reads.reader(lease.reader) });
        learnt = await learntOf(lease, reads, watch, left);
        learnt.told.readFrom = readFrom;
        return answered;
      }),
  };
  const answered = await answer(watched);
  if (!learnt) throw new DomainError("Internal", "an answer was made without its index");
  const { told, store } = learnt;
  const ms = performance.now() - started - told.explaining.ms;
  const cost = watch && store ? { cost: watch.cost(store, ms) } : {};
  return { ...answered, explain: { ...told, ...cost } };
}

interface Learnt {
  told: Omit<Explanation, "cost">;
  /** What stores were asked until the answer was there. */
  store: StoreCounts | undefined;
}

async function learntOf(
  lease: Lease,
  reads: WatchedReads,
  watch: Watch | undefined,
  left: () => number,
): Promise<Learnt> {
  const store = watch?.store();
  const began = performance.now();
  const isAll = !lease.isNarrowed && lease.reader.workOf !== undefined;
  const steps = isAll ? await withWork(lease, reads.steps, left) : reads.steps.map(({ told }) => told);
  const index = isAll ? { index: await indexOf(lease) } : {};
  const asked = watch && store ? { store: plus(watch.store(), store, -1) } : {};
  const told = {
    ...index,
    readFrom: readFromOf(lease),
    steps: steps.map((step) => shownStep(step, lease)),
    moreSteps: reads.moreSteps,
    explaining: { ms: milliseconds(performance.now() - began), ...asked },
    withheld: withholdable.filter((part) => (part === "cost" ? !watch : !isAll)),
  };
  return { told, store };
}

function readFromOf({ reader: { isReplicated, onDisk } }: Lease): Explanation["readFrom"] {
  if (isReplicated) return "replica";
  if (!onDisk) return "folder";
  return onDisk.length > 0 ? "copies" : "store";
}

async function indexOf({ published, reader }: Lease): Promise<NonNullable<Explanation["index"]>> {
  const { indexType: type, rows, indexParameters } = published;
  const { numPartitions: partitions } = indexParameters;
  const unindexedRows = await reader.unindexedRows?.();
  return {
    ...{ type, rows },
    ...(partitions === undefined ? {} : { partitions }),
    ...(unindexedRows === undefined ? {} : { unindexedRows }),
  };
}

/** The first step of each kind with its work; as it was where no time is left, or what it asked cannot be done again. */
async function withWork(lease: Lease, steps: WatchedStep[], left: () => number): Promise<ExplainedStep[]> {
  const done = new Set<string>();
  const told: ExplainedStep[] = [];
  for (const { told: one, asked } of steps) {
    const isFirst = asked !== undefined && !done.has(one.step);
    done.add(one.step);
    const timeoutMs = Math.min(limits.explainingMs, left() - limits.explainMarginMs);
    const work =
      isFirst && timeoutMs > 0
        ? await lease.reader.workOf?.({ ...asked, timeoutMs }).catch(unlessOutOfTime)
        : undefined;
    told.push(work ? { ...one, work } : one);
  }
  return told;
}

function unlessOutOfTime(error: unknown): undefined {
  const kinds = ["DeadlineExceeded", "TooBusy"];
  if (!(error instanceof DomainError) || !kinds.includes(error.kind)) throw error;
}

/** A key's own filter is one, too, and its words are ranked by its own rows. */
function shownStep({ startMs, ms, ...step }: ExplainedStep, { isNarrowed }: Lease): ExplainedStep {
  return {
    ...step,
    startMs: milliseconds(startMs),
    ms: milliseconds(ms),
    ...(isNarrowed && step.filtered !== undefined ? { filtered: true } : {}),
    ...(isNarrowed && step.ranking ? { ranking: "own-rows" } : {}),
  };
}
