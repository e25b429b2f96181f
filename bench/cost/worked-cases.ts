import { readFileSync } from "node:fs";
import { dollarsOf } from "../../lib/domain/cost/dollars.ts";
import { usualPrices } from "../../lib/domain/cost/prices.ts";
import { dollarsOfAMillion, httpApiOfAMillion } from "../costs.ts";
import type { BenchResult } from "../results.ts";
import { tableOf } from "../sections/section.ts";
import { medianOver, dollarsOf as searchesOf } from "../sections/sparse.ts";
import type { SparseSearched, SparseSize } from "../sparse-results.ts";
import { listPrices } from "./list-prices.ts";
import { openSearchClassic, paid, pinecone, s3Vectors, turbopuffer, type Workload } from "./others.ts";

const results = "bench/results";
const million = 1e6;
const giga = 1e9;
const coldStarts = 1_000;
const containers = 10;
const nights = 30;
/** A vector of 768 float32 and an id. */
const vectorBytes = 768 * 4 + 100;
const answerBytes = 5_000;
/** Of a load: parts that are written, and how often each byte is read again, to compact, to build, to verify. */
const writtenPartBytes = 5e6;
const readPartBytes = 8e6;
const timesRead = 4;
const taskMemoryMb = 10_240;

const dollars = (amount: number) => `$${amount.toFixed(2)}`;
const storageOf = (bytes: number) => (bytes / giga) * listPrices.storage.dollars;

const sections = (name: string) =>
  (JSON.parse(readFileSync(`${results}/${name}.json`, "utf8")) as BenchResult).sections;

function sizeOf(rows: number): SparseSize {
  const size = sections("s3-like").sparse?.figures.find((one) => one.rows === rows);
  if (!size) throw new Error(`${results}/s3-like.json has no ${rows} rows`);
  return size;
}

/** As `auto` stores them, with their index. */
function bytesOfRow(): number {
  const auto = sections("local").types?.figures.find(({ type }) => type === "auto")?.migrated;
  if (!auto) throw new Error(`${results}/local.json has no type auto`);
  return auto.bytesOnDisk / auto.rows;
}

/** Of the first two searches of a container, by which it has what it needs. */
function openingOf(size: SparseSize): number {
  const of = (searched: (round: SparseSize["rounds"][number]) => SparseSearched) =>
    dollarsOfAMillion({
      ms: medianOver(size, (round) => searched(round).ms),
      gets: medianOver(size, (round) => searched(round).gets),
      lists: medianOver(size, (round) => searched(round).lists),
    });
  return (of(({ first }) => first) + of(({ second }) => second)) / million;
}

/** Seconds of loading, building and verifying 100,000 × 768 with the most memory there is, from its report. */
function secondsOfJob(): number[] {
  const row = readFileSync(`${results}/memory.md`, "utf8")
    .split("\n")
    .find((line) => line.startsWith("| 10,240 MB"));
  const cells = row?.split("|").slice(-4, -1) ?? [];
  const seconds = cells.map((cell) => Number.parseFloat(cell));
  if (seconds.length !== 3 || seconds.some(Number.isNaN))
    throw new Error("memory.md has no job of 10,240 MB");
  return seconds;
}

/** One load of so many rows, as if all grew with them. */
function dollarsOfLoad(rows: number): number {
  const seconds = secondsOfJob().reduce((sum, one) => sum + one, 0) * (rows / 100_000);
  const bytes = rows * bytesOfRow();
  const store = { get: (timesRead * bytes) / readPartBytes, put: bytes / writtenPartBytes, list: 0 };
  return dollarsOf(usualPrices, { ms: seconds * 1_000, memoryMb: taskMemoryMb, store });
}

const workOf = (indexes: number, vectorsOfEach: number, searches: number, loads: number): Workload => ({
  ...{ indexes, vectorsOfEach, vectorBytes, searches, answerBytes, loads },
});

function rowOf(name: string, here: number, work: Workload): string[] {
  const atLeast = (used: number, whole: number) =>
    whole > used ? `${dollars(whole)} (used ${dollars(used)})` : dollars(used);
  return [
    name,
    dollars(here),
    dollars(s3Vectors(work)),
    atLeast(turbopuffer(work), paid.turbopuffer(work)),
    atLeast(pinecone(work), paid.pinecone(work)),
    `from ${dollars(openSearchClassic())}`,
  ];
}

/** What a month of each case costs here and elsewhere. */
export function caseRows(): string {
  const [large, small] = [sizeOf(1_000_000), sizeOf(10_000)];
  const perRow = bytesOfRow();
  const of = (size: SparseSize, kind: "warm" | "paused", opened: number) =>
    searchesOf(size, kind) + httpApiOfAMillion + opened * openingOf(size) + storageOf(1e6 * perRow);
  const reload = nights * dollarsOfLoad(1e7) + 2 * storageOf(1e7 * perRow);
  const one = workOf(1, 1e6, million, 0);
  const header = ["a month", "here", "S3 Vectors", "turbopuffer", "Pinecone", "OpenSearch Serverless"];
  return tableOf(header, [
    rowOf("1,000,000 × 768, a million searches, busy", of(large, "warm", coldStarts), one),
    rowOf("the same, each search after a pause", of(large, "paused", coldStarts), one),
    rowOf(
      "100 tenants of 10,000 × 768, a million searches, each after a pause",
      of(small, "paused", 100 * containers),
      workOf(100, 10_000, million, 0),
    ),
    rowOf("10,000,000 × 768, all loaded anew each night", reload, workOf(1, 1e7, 0, nights)),
  ]);
}

/** What the first column is made of. */
export function measuredRows(): string {
  const each = ({ ms, gets }: SparseSearched) => [`${ms.toFixed(1)} ms`, gets.toFixed(1)];
  const of = (rows: number, kind: "warm" | "paused" | "first" | "second") => {
    const size = sizeOf(rows);
    const median = (value: (one: SparseSearched) => number) =>
      medianOver(size, (round) => value(round[kind]));
    return each({ ms: median(({ ms }) => ms), gets: median(({ gets }) => gets), lists: 0, bytes: 0 });
  };
  const rows = [10_000, 1_000_000].flatMap((count) =>
    (["first", "second", "warm", "paused"] as const).map((kind) => [
      `${count.toLocaleString("en-US")} × 768, ${{ first: "first search of a container", second: "its second", warm: "one after the other", paused: "after 5 s" }[kind]}`,
      ...of(count, kind),
    ]),
  );
  return tableOf(["measured (bench/results/s3-like.json)", "time", "GETs"], rows);
}
