import { limits } from "../../config/limits.ts";
import { DomainError } from "../errors.ts";
import type { AskedIndex, IndexParameters } from "../index/index-entry.ts";
import type { TextIndex } from "../text/full-text.ts";
import { type IndexPlan, planIndex } from "./plan-index.ts";

/** What whoever builds an index has: a function, or this machine, which has all the time there is. */
export interface BuildRoom {
  memoryBytes: number;
  /** For temporary files. */
  diskBytes: number;
  /** Processor time of all its cores, until it is ended. */
  cpuSeconds: number;
}

interface Shape {
  rows: number;
  dimension: number;
  /** Processor time of its full-text indexes, as far as it is known. */
  textSeconds?: number;
}

/**
 * Processor time of full-text indexes, by the bytes of their columns' texts. They take no temporary disk: LanceDB 0.39 writes
 * each part of one where it is to be.
 */
export function textSeconds(fullText: TextIndex[], bytesOf: (column: string) => number): number {
  const { words, ngram } = limits.textCpuSeconds;
  const ofOne = ({ column, tokenizer }: TextIndex) =>
    (bytesOf(column) / 1e9) * (tokenizer === "ngram" ? ngram : words);
  return fullText.reduce((sum, one) => sum + ofOne(one), 0);
}

/**
 * The least that a build takes: figures are rounded down, so that nothing is refused that could be built.
 *
 * - Disk: LanceDB writes each row's code once more, by partition: the vector itself for IVF_FLAT.
 * - Memory: vectors that partitions are trained on; for HNSW_SQ those of one graph.
 * - Time: by rows and dimension (bench/results/local.md), and that of full-text indexes.
 */
export function buildNeeds({ type, parameters }: IndexPlan, shape: Shape): BuildRoom {
  const { rows, dimension, textSeconds = 0 } = shape;
  if (type === "EXACT") return { memoryBytes: 0, diskBytes: 0, cpuSeconds: textSeconds };
  const vectorBytes = 4 * dimension;
  const partitions = parameters.numPartitions ?? 1;
  const trained = Math.min(rows, partitions * (parameters.sampleRate ?? limits.trainSampleRate));
  const held = type === "HNSW_SQ" ? rows / partitions : trained;
  return {
    memoryBytes: held * vectorBytes,
    diskBytes: rows * codeBytes(type, parameters, dimension),
    cpuSeconds: (rows / 1e6) * (dimension / 768) * limits.buildCpuSeconds[type] + textSeconds,
  };
}

function codeBytes(
  type: IndexPlan["type"],
  { numSubVectors = 1, numBits = 8 }: IndexParameters,
  dimension: number,
) {
  if (type === "IVF_FLAT") return 4 * dimension;
  return ((type === "IVF_PQ" ? numSubVectors : dimension) * numBits) / 8;
}

/**
 * Refuses an index that whoever builds it has no room for, before anything is loaded.
 * @throws JobTooLarge saying what it takes, what there is, and what would help
 */
export function refuseWithoutRoom(
  asked: Pick<AskedIndex, "indexType" | "indexParameters">,
  shape: Shape,
  room: BuildRoom,
) {
  const made = planOf(asked, shape);
  const short = shortOf(made, shape, room);
  if (!short) return;
  const help = helpFor(made, shape, room);
  const beside = shape.textSeconds ? " with its full-text indexes" : "";
  const detail = `${made.type} of ${count(shape.rows)} x ${shape.dimension}${beside} takes ${short}; ${help.message}`;
  throw new DomainError("JobTooLarge", detail, { issues: [help] });
}

const planOf = (
  { indexType, indexParameters }: Pick<AskedIndex, "indexType" | "indexParameters">,
  shape: Shape,
) => planIndex({ type: indexType, asked: indexParameters, ...shape });

/** @returns what there is too little of, in words; undefined when there is enough */
function shortOf(made: IndexPlan, shape: Shape, room: BuildRoom): string | undefined {
  const needs = buildNeeds(made, shape);
  if (needs.diskBytes > room.diskBytes)
    return `${gigabytes(needs.diskBytes)} of temporary disk to build, and there are ${gigabytes(room.diskBytes)}`;
  if (needs.memoryBytes > room.memoryBytes)
    return `${gigabytes(needs.memoryBytes)} of memory to build, and there are ${gigabytes(room.memoryBytes)}`;
  if (needs.cpuSeconds > room.cpuSeconds)
    return `${count(needs.cpuSeconds)} s of processor time to build, and there are ${count(room.cpuSeconds)} s`;
  return undefined;
}

/** The parameter that would do: more graphs, or the type with the smallest codes that there is room for. */
function helpFor(made: IndexPlan, shape: Shape, room: BuildRoom): { path: string; message: string } {
  if (shape.textSeconds && !shortOf(made, { ...shape, textSeconds: 0 }, room))
    return { path: "fullText", message: "name fewer columns, or give the function that builds more memory" };
  const { memoryBytes } = buildNeeds(made, shape);
  const graphs = Math.ceil(((made.parameters.numPartitions ?? 1) * memoryBytes) / room.memoryBytes);
  const split = { indexType: "HNSW_SQ", indexParameters: { numPartitions: graphs } } as const;
  if (made.type === "HNSW_SQ" && fits(split, shape, room))
    return { path: "indexParameters.numPartitions", message: `ask for numPartitions ${graphs} or more` };
  const other = (["IVF_RQ", "IVF_PQ"] as const).find(
    (indexType) =>
      (indexType !== "IVF_RQ" || shape.dimension % 8 === 0) &&
      fits({ indexType, indexParameters: {} }, shape, room),
  );
  if (other)
    return {
      path: "indexType",
      message: `ask for indexType ${other} without parameters, which there is room for`,
    };
  return {
    path: "index",
    message:
      "no type of index can be built there: docs/bulk-jobs.md says how far it goes, and what does beyond",
  };
}

const fits = (asked: Pick<AskedIndex, "indexType" | "indexParameters">, shape: Shape, room: BuildRoom) =>
  shortOf(planOf(asked, shape), shape, room) === undefined;

const count = (value: number) => Math.round(value).toLocaleString("en-US");
const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
