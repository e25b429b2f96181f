import { ms, times } from "./sections/section.ts";
import { dollars, dollarsOf, medianOver } from "./sections/sparse.ts";
import type { SparseRound, SparseSearched, SparseSize } from "./sparse-results.ts";
import type { Sections, Target } from "./target.ts";

const sizeOf = ({ sparse }: Sections, rows: number): SparseSize | undefined =>
  sparse?.figures.find((size) => size.rows === rows);

/** A figure of the containers on a store with S3's latency, the median of the rounds. */
function sparseTarget(
  [name, rows]: [name: string, rows: number],
  most: number,
  of: (round: SparseRound) => number,
  shown = ms,
): Omit<Target, "report"> {
  const measured = (sections: Sections) => {
    const size = sizeOf(sections, rows);
    return size && medianOver(size, of);
  };
  return { name: `${rows.toLocaleString("en")} rows: ${name}`, bound: { most }, shown, measured };
}

const requestsOf = ({ gets, lists }: Pick<SparseSearched, "gets" | "lists">) => gets + lists;
const few = (value: number) => value.toFixed(1);

const costTarget = (kind: "warm" | "paused", name: string, most: number): Omit<Target, "report"> => ({
  name: `a million searches of 100,000 rows, ${name}`,
  bound: { most },
  shown: dollars,
  measured: (sections) => {
    const size = sizeOf(sections, 100_000);
    return size && dollarsOf(size, kind);
  },
});

/** Of containers that are stopped between searches. */
export const sparseTargets: Omit<Target, "report">[] = [
  sparseTarget(["first search of a container", 100_000], 400, ({ first }) => first.ms),
  sparseTarget(["its requests", 100_000], 60, ({ first }) => requestsOf(first), few),
  sparseTarget(["first search of a container", 300_000], 500, ({ first }) => first.ms),
  sparseTarget(["its requests", 300_000], 100, ({ first }) => requestsOf(first), few),
  sparseTarget(["second search", 300_000], 150, ({ second }) => second.ms),
  sparseTarget(["first search of a container", 1_000_000], 700, ({ first }) => first.ms),
  sparseTarget(["second search", 1_000_000], 200, ({ second }) => second.ms),
  sparseTarget(["search until the replica is there, p50", 100_000], 30, ({ before }) => before.p50),
  sparseTarget(["requests of each", 100_000], 4, ({ before }) => requestsOf(before), few),
  sparseTarget(
    ["search after a pause, replica there, of one request's time then", 100_000],
    1.3,
    ({ paused, pausedRequest }) => paused.ms / pausedRequest,
    times,
  ),
  sparseTarget(["its requests", 100_000], 2, ({ paused }) => requestsOf(paused), few),
  costTarget("warm", "one after the other", 1),
  costTarget("paused", "each after a pause", 3),
];
