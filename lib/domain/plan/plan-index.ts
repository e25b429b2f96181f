import { limits } from "../../config/limits.ts";
import { DomainError, type Issue, summaryOf } from "../errors.ts";
import {
  type AskedIndexType,
  type IndexParameters,
  type IndexType,
  indexParameters,
  type ServedIndexType,
} from "../index/index-entry.ts";
import { droppingUnknown } from "../stored/unknown-fields.ts";

export interface IndexPlan {
  type: ServedIndexType;
  parameters: IndexParameters;
  /** Why: one sentence a parameter, shown with the index. */
  reasons: string[];
}

interface Wanted {
  type: IndexType;
  rows: number;
  dimension: number;
  asked: IndexParameters;
}

const applicable: Record<IndexType, (keyof IndexParameters)[]> = {
  IVF_PQ: ["numPartitions", "numSubVectors", "numBits", "maxIterations", "sampleRate"],
  IVF_RQ: ["numPartitions", "numBits", "maxIterations", "sampleRate"],
  IVF_FLAT: ["numPartitions", "maxIterations", "sampleRate"],
  HNSW_SQ: ["numPartitions", "maxIterations", "sampleRate", "m", "efConstruction"],
};

/** Whether a type has that parameter. */
export const isApplicable = (type: IndexType, name: string): boolean =>
  applicable[type].some((one) => one === name);

/** A job that was stored may ask for one that only a later release has: what is built here is built without. */
export const knownParameters = (asked: IndexParameters): IndexParameters =>
  droppingUnknown(indexParameters).parse(asked);

/**
 * The parameters of an index, those asked for kept, the others derived from rows and dimension.
 * @throws IndexParametersInvalid for parameters that LanceDB would refuse or silently misuse
 */
export function planIndex({
  type,
  asked,
  ...shape
}: Omit<Wanted, "type"> & { type: AskedIndexType }): IndexPlan {
  const others = { ...shape, asked: knownParameters(asked) };
  if (type !== "auto") return planType({ type, ...others });
  const { chosen, why } = bestType(others.dimension);
  const plan = planType({ type: chosen, ...others });
  return { ...plan, reasons: [`${chosen}: ${why}`, ...plan.reasons] };
}

/** By what bench/results/local.md shows of the types: build time, and latency at equal recall. */
function bestType(dimension: number): { chosen: IndexType; why: string } {
  if (dimension % 8 === 0) return { chosen: "IVF_RQ", why: "builds and searches fastest at the same recall" };
  return { chosen: "IVF_PQ", why: `takes dimension ${dimension}; IVF_RQ needs one divisible by 8` };
}

function planType(wanted: Wanted): IndexPlan {
  const issues = parameterIssues(wanted);
  if (issues.length > 0) {
    throw new DomainError("IndexParametersInvalid", summaryOf(issues), { issues });
  }
  if (wanted.rows < limits.minRowsToTrain) return exact(wanted);
  const derived = [...partitions(wanted), ...codes(wanted), ...graph(wanted), ...training(wanted)];
  const parameters = Object.fromEntries(derived.map(({ name, value }) => [name, value]));
  return {
    type: wanted.type,
    parameters: { ...parameters, ...wanted.asked },
    reasons: derived.map(({ name, value, why }) => {
      const asked = wanted.asked[name];
      return asked === undefined ? `${name} ${value}: ${why}` : `${name} ${asked}: asked for`;
    }),
  };
}

function exact({ rows }: Wanted): IndexPlan {
  const why = `${rows} rows are fewer than the ${limits.minRowsToTrain} an index trains on`;
  return { type: "EXACT", parameters: {}, reasons: [`served exactly: ${why}`] };
}

/** The plan with as many partitions as there are clusters of its vectors. */
export function withFewerPartitions(plan: IndexPlan, clusters: number): IndexPlan {
  const why = `numPartitions ${clusters}: its vectors form no more clusters, as many of them are equal`;
  return {
    ...plan,
    parameters: { ...plan.parameters, numPartitions: clusters },
    reasons: plan.reasons.map((reason) => (reason.startsWith("numPartitions ") ? why : reason)),
  };
}

/** Of a plan that cannot be carried out with these vectors. */
export function exactInstead({ type }: IndexPlan): IndexPlan {
  const why = `${type} needs clusters of vectors, which these do not form`;
  return { type: "EXACT", parameters: {}, reasons: [`served exactly: ${why}`] };
}

interface Derived {
  name: keyof IndexParameters;
  value: number;
  why: string;
}

function partitions({ type, rows }: Wanted): Derived[] {
  const [value, why] = partitionCount(type, rows);
  return [{ name: "numPartitions", value: Math.max(1, Math.round(value)), why }];
}

function partitionCount(type: IndexType, rows: number): [number, string] {
  const root = Math.sqrt(rows);
  const full = rows / limits.pqPartitionRows;
  if (type === "HNSW_SQ")
    return [Math.ceil(rows / 1_000_000), "one graph per million rows keeps the build in memory"];
  if (type === "IVF_RQ")
    return [
      root / 2,
      `half the square root of ${rows} rows: codes are scanned faster than more partitions are found`,
    ];
  if (type === "IVF_PQ" && full < root)
    return [
      full,
      `${limits.pqPartitionRows} rows a partition: short codes are scanned faster than more partitions are found`,
    ];
  return [root, `the square root of ${rows} rows balances finding and scanning partitions`];
}

function codes({ type, dimension, asked }: Wanted): Derived[] {
  if (type === "IVF_RQ") {
    const why = `the fewest that reach the usual recall in ${dimension} dimensions without comparing vectors again`;
    return [{ name: "numBits", value: rqBits(dimension), why }];
  }
  if (type !== "IVF_PQ") return [];
  const bits = asked.numBits ?? (subVectors(dimension, true) > 1 ? 4 : 8);
  const count = subVectors(dimension, bits === 4);
  return [
    {
      name: "numBits",
      value: bits,
      why:
        bits === 4
          ? "4-bit codes build several times faster at the same recall"
          : "4-bit codes need an even number of sub-vectors",
    },
    { name: "numSubVectors", value: count, why: `${dimension / count} of ${dimension} dimensions a code` },
  ];
}

/** The error of a distance shrinks with each bit and with the root of the dimension (bench/NOTES.md). */
function rqBits(dimension: number): number {
  if (dimension >= 512) return 5;
  return dimension >= 192 ? 6 : 7;
}

/** Of 4 or more values a code; 4-bit codes of short vectors have 2 or more (bench/NOTES.md). */
const leastOfCode = (dimension: number, isFourBits: boolean) =>
  isFourBits && dimension < limits.longVectorDimension ? 2 : 4;

/**
 * The largest number of sub-vectors that divides the dimension into codes of so many values or more; 4-bit codes are even
 * in number. A dimension that nothing divides has a code for each value.
 * @param least values of a code
 */
export function subVectors(
  dimension: number,
  isFourBits: boolean,
  least = leastOfCode(dimension, isFourBits),
): number {
  for (let count = Math.floor(dimension / least); count > 1; count--)
    if (dimension % count === 0 && !(isFourBits && count % 2 === 1)) return count;
  return isFourBits ? 1 : dimension;
}

function graph({ type }: Wanted): Derived[] {
  if (type !== "HNSW_SQ") return [];
  return [
    { name: "m", value: 20, why: "LanceDB's default" },
    { name: "efConstruction", value: 150, why: "half of LanceDB's default builds in half the time" },
  ];
}

function training({ type }: Wanted): Derived[] {
  if (type === "HNSW_SQ") return [];
  return [
    {
      name: "maxIterations",
      value: limits.trainIterations,
      why: "more training costs time and gains almost no recall",
    },
    {
      name: "sampleRate",
      value: limits.trainSampleRate,
      why: "training on more rows gains almost no recall",
    },
  ];
}

function parameterIssues({ type, rows, dimension, asked }: Wanted): Issue[] {
  const issues: Issue[] = [];
  const add = (name: string, message: string) => issues.push({ path: `indexParameters.${name}`, message });
  for (const name of Object.keys(asked) as (keyof IndexParameters)[])
    if (asked[name] !== undefined && !applicable[type].includes(name))
      add(name, `is not a parameter of ${type}`);
  if (asked.numPartitions !== undefined && asked.numPartitions > rows)
    add("numPartitions", `is more than the ${rows} rows`);
  if (type === "IVF_PQ") for (const { name, message } of pqIssues(dimension, asked)) add(name, message);
  if (type === "IVF_RQ" && dimension % 8 !== 0)
    issues.push({
      path: "indexType",
      message: `IVF_RQ needs a dimension divisible by 8, not ${dimension}; IVF_PQ takes any`,
    });
  return issues;
}

function pqIssues(dimension: number, { numBits, numSubVectors }: IndexParameters) {
  const issues: { name: string; message: string }[] = [];
  if (numBits !== undefined && numBits !== 4 && numBits !== 8)
    issues.push({ name: "numBits", message: "must be 4 or 8" });
  if (numSubVectors !== undefined && dimension % numSubVectors !== 0)
    issues.push({ name: "numSubVectors", message: `must divide the dimension ${dimension}` });
  const fourBits = numBits === 4 || (numBits === undefined && subVectors(dimension, true) > 1);
  if (numSubVectors !== undefined && numSubVectors % 2 === 1 && fourBits)
    issues.push({ name: "numSubVectors", message: "must be even with 4-bit codes; ask for numBits 8" });
  if (numBits === 4 && subVectors(dimension, true) === 1)
    issues.push({
      name: "numBits",
      message: `4 needs an even divisor of the dimension ${dimension}; ask for 8`,
    });
  return issues;
}
