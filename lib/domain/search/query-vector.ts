import { limits } from "../../config/limits.ts";
import type { Issue } from "../errors.ts";
import type { Metric, Publication } from "../index/index-entry.ts";

/** LanceDB pads a short vector, cuts a long one and answers nothing to a NaN, all silently: so checked here. */
export function vectorIssues(numbers: number[], { dimension, metric }: Publication): Issue[] {
  const path = "vector";
  const squared = squaredLength(numbers);
  const issues = squared < comfortable.most ? [] : rangeIssues(numbers, path);
  if (numbers.length !== dimension)
    issues.push({ path, message: `has ${numbers.length} numbers, the index has dimension ${dimension}` });
  return issues.length > 0 ? issues : lengthIssues(squared, metric);
}

/** Of numbers that are no float32: their squares are larger than anything comfortable. */
function rangeIssues(numbers: number[], path: string): Issue[] {
  return numbers.flatMap((number, i) =>
    Number.isFinite(Math.fround(number))
      ? []
      : [{ path: `${path}[${i}]`, message: "is not a finite float32 number" }],
  );
}

/** Squared lengths with room for products in float32: beyond, LanceDB divides by zero or infinity, and fails. */
const comfortable = { least: 1e-12, most: 1e12 };

const isComfortable = (squared: number) => squared >= comfortable.least && squared <= comfortable.most;

/** A loop: of a large vector's time in the process, callbacks were the largest part. */
function squaredLength(numbers: number[]): number {
  let sum = 0;
  for (const number of numbers) sum += number * number;
  return sum;
}

/** A cosine needs a direction; the other metrics' distances must not be infinite. */
function lengthIssues(squared: number, metric: Metric): Issue[] {
  const path = "vector";
  if (metric === "cosine")
    return squared === 0
      ? [{ path, message: "is all zeros, which has no direction to compare by cosine" }]
      : [];
  if (squared > limits.maxSquaredLength)
    return [{ path, message: `is too long: ${Math.sqrt(limits.maxSquaredLength)} at most, by ${metric}` }];
  return [];
}

/** What LanceDB is given: by cosine only the direction counts, so an extreme length is scaled away. */
export function queryVector(numbers: number[], metric: Metric): Float32Array {
  if (metric !== "cosine" || isComfortable(squaredLength(numbers))) return new Float32Array(numbers);
  const largest = Math.max(...numbers.map(Math.abs));
  return new Float32Array(numbers.map((number) => number / largest));
}
