import { expect, test } from "vitest";
import { besideRow } from "../../../lib/adapters/lance/exact/moved-vector.ts";
import { normalNumbers } from "../../../lib/adapters/lance/random-numbers.ts";

const dimension = 256;
const row = Float32Array.from({ length: dimension }, (_, i) => Math.sin(i));
/** At these distances from the row, each in a dimension of its own. */
const neighboursAt = (...distances: number[]) =>
  distances.map((distance, at) => row.map((value, i) => (i === at ? value + distance : value)));
const difference = (a: Float32Array, b: Float32Array) => a.map((value, i) => value - (b[i] ?? 0));
const lengthOf = (vector: Float32Array) => Math.hypot(...vector);

test("a vector beside a row is about as far from it as its nearest neighbour that is not at its place", () => {
  const neighbours = neighboursAt(0, 0, 0.5, 0.6, 0.7, 0.8);
  const beside = besideRow(row, neighbours, normalNumbers());
  expect(lengthOf(difference(beside, row))).toBeCloseTo(0.5, 1);
});

test("it is the same one each time", () => {
  const neighbours = neighboursAt(0.5, 0.6, 0.7);
  expect(besideRow(row, neighbours, normalNumbers())).toEqual(besideRow(row, neighbours, normalNumbers()));
});

test("a good part of its way goes where neighbours differ", () => {
  const neighbours = neighboursAt(0.5, 0.6, 0.7, 0.8);
  const way = difference(besideRow(row, neighbours, normalNumbers()), row);
  const differing = difference(neighboursAt(0, 0, 0.7)[2] ?? row, neighboursAt(0, 0, 0, 0.8)[3] ?? row);
  const along = way.reduce((sum, value, i) => sum + value * (differing[i] ?? 0), 0) / lengthOf(differing);
  expect(Math.abs(along)).toBeCloseTo(0.5 * 0.6, 1);
});

test("with one neighbour it goes at random, with none but at its place nowhere", () => {
  const beside = besideRow(row, neighboursAt(0.5), normalNumbers());
  expect(lengthOf(difference(beside, row))).toBeCloseTo(0.4, 5);
  expect(besideRow(row, neighboursAt(0, 0), normalNumbers())).toEqual(row);
  expect(besideRow(row, [], normalNumbers())).toEqual(row);
});
