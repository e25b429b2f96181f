import type { Vector } from "apache-arrow";

/** The two columns that a row is compared by. */
export interface ComparedColumns {
  idColumn: string;
  vectorColumn: string;
}

/** Rows as they are read, not more than fit in memory. */
export interface RowBatch {
  rows: number;
  id(row: number): string | null;
  /** The bytes of its float32 values. */
  vector(row: number): Uint8Array | null;
}

/** A batch of any reader's: Arrow's own reading of its columns, whatever their types. */
export function rowBatch(ids: Vector | null, vectors: Vector | null, rows: number): RowBatch {
  if (!ids || !vectors) throw new Error("a batch lacks the id or the vector column");
  return {
    rows,
    id: (row) => {
      const id = ids.get(row);
      return id === null ? null : String(id);
    },
    vector: (row) => float32Bytes(vectors.get(row)),
  };
}

/** Of bytes as they are, or of a list of halves, floats or doubles. */
function float32Bytes(value: Uint8Array | Vector | null): Uint8Array | null {
  if (value === null || value instanceof Uint8Array) return value;
  const { buffer, byteOffset, byteLength } = Float32Array.from(value as Iterable<number>);
  return new Uint8Array(buffer, byteOffset, byteLength);
}
