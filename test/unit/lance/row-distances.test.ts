import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { NearestRows } from "../../../lib/adapters/lance/exact/nearest-rows.ts";
import { RowDistances } from "../../../lib/adapters/lance/exact/row-distances.ts";
import { exactDistance } from "../../../lib/adapters/lance/exact-distance.ts";

const folder = "lib/adapters/lance/exact";

test("the kernel is what its text says", () => {
  const made = mkdtempSync(join(tmpdir(), "kernel-"));
  try {
    const path = join(made, "distance-kernel.wasm");
    const assembler = "node_modules/wabt/bin/wat2wasm";
    execFileSync(process.execPath, [assembler, join(folder, "distance-kernel.wat"), "-o", path]);
    expect(readFileSync(path)).toEqual(readFileSync(join(folder, "distance-kernel.wasm")));
  } finally {
    rmSync(made, { recursive: true });
  }
});

const vectorsOf = (dimension: number, count: fc.Arbitrary<number>) =>
  count.chain((length) => {
    const vector = fc.float32Array({
      minLength: dimension,
      maxLength: dimension,
      noNaN: true,
      min: -8,
      max: 8,
    });
    return fc.array(
      vector.filter((one) => one.some((number) => Math.abs(number) > 1e-3)),
      {
        minLength: length,
        maxLength: length,
      },
    );
  });

test("distances are those of pairs, by every metric, dimension and number of rows and queries", async () => {
  const sets = fc.integer({ min: 1, max: 23 }).chain((dimension) =>
    fc.record({
      rows: vectorsOf(dimension, fc.integer({ min: 1, max: 9 })),
      queries: vectorsOf(dimension, fc.integer({ min: 1, max: 9 })),
      metric: fc.constantFrom("cosine", "l2", "dot" as const),
    }),
  );
  await fc.assert(
    fc.asyncProperty(sets, async ({ rows, queries, metric }) => {
      const distances = await RowDistances.to(queries, metric);
      const found: number[][] = [];
      distances.compare(Float32Array.from(rows.flatMap((row) => [...row])), (row, own) => {
        found[row] = [...own];
      });
      for (const [i, row] of rows.entries())
        for (const [j, query] of queries.entries()) {
          const exact = exactDistance(metric, query, row);
          expect(found[i]?.[j]).toBeCloseTo(exact, 5 - Math.ceil(Math.log10(1 + Math.abs(exact))));
        }
    }),
  );
});

test("the nearest of all that were offered are kept, whatever their order, and nothing without a distance", () => {
  const offers = fc.array(fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(0, 1, Number.NaN)));
  fc.assert(
    fc.property(offers, fc.integer({ min: 1, max: 5 }), (distances, wanted) => {
      const nearest = new NearestRows(wanted);
      for (const [id, distance] of distances.entries()) nearest.offer(id, distance);
      const finite = distances.filter((distance) => distance < Number.POSITIVE_INFINITY);
      const expected = finite.sort((a, b) => a - b).slice(0, wanted);
      expect(nearest.nearest().map(({ distance }) => distance)).toEqual(expected);
    }),
  );
});
