import { afterEach, beforeEach, expect, test } from "vitest";
import { createLakehouse, type Lakehouse } from "../support/lakehouse.ts";
import { migrated, nameOf, type RandomSet } from "../support/random-sets.ts";

let lakehouse: Lakehouse;

beforeEach(async () => {
  lakehouse = await createLakehouse();
});

afterEach(() => lakehouse.remove());

const kinds = ["normal", "uniform"] as const;
const metrics = ["cosine", "l2", "dot"] as const;
const sizes: [dimension: number, rows: number][] = [
  [16, 1_000],
  [16, 100_000],
  [100, 20_000],
  [128, 50_000],
  [384, 10_000],
  [768, 5_000],
  [1_024, 2_000],
  [1_536, 10_000],
];
const sets = sizes.flatMap(([dimension, rows], i) =>
  kinds.map((kind, j): RandomSet => ({ kind, dimension, rows, metric: metrics[(i + j) % 3] ?? "l2" })),
);
const timeoutMs = 600_000;

test.each(sets.map((set): [string, RandomSet] => [nameOf(set), set]))(
  "a job that names no type reaches its recall: %s",
  async (_, set) => {
    const place = { container: lakehouse.open(), source: lakehouse.source };
    const { recall } = await migrated(place, set, {}, timeoutMs);
    expect(recall.measured).toBeGreaterThanOrEqual(0.95);
  },
  timeoutMs,
);
