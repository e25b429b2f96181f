import { limits } from "../../lib/config/limits.ts";
import type { Metric } from "../../lib/domain/index/index-entry.ts";
import type { RowBatch } from "./rows.ts";

/** What the source of a job that skipped rows with bad vectors has of others. */
export async function* withoutBadVectors(
  batches: AsyncIterable<RowBatch>,
  { dimension, metric }: { dimension: number; metric: Metric },
): AsyncGenerator<RowBatch> {
  for await (const { rows, id, vector } of batches) {
    const good = Array.from({ length: rows }, (_, row) => row).filter((row) =>
      isComparable(vector(row), dimension, metric),
    );
    const at = (row: number) => good[row] ?? 0;
    yield { rows: good.length, id: (row) => id(at(row)), vector: (row) => vector(at(row)) };
  }
}

/** Whether the square of its length is a normal float32 that leaves room for sums, or 0 by another metric than cosine. */
function isComparable(bytes: Uint8Array | null, dimension: number, metric: Metric): boolean {
  if (bytes?.length !== 4 * dimension) return false;
  const values = new Float32Array(bytes.slice().buffer);
  const square = values.reduce((sum, value) => sum + value * value, 0);
  if (square === 0) return metric !== "cosine";
  return square >= 1.1754944e-38 && square <= limits.maxSquaredLength;
}
