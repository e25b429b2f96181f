import { freshQueries } from "./bench-set.ts";

/** What a process writes that searches are measured beside. */
export interface MixedWrites {
  index: string;
  /** Documents that are there before. */
  rows: number;
  aSecond: number;
}

export const mixedDimension = 768;
/** Vectors that are written, over and over. */
const written = 2_000;
/** Of the documents that are new; the others replace one that is there. */
const oneIn = 2;

/** Of the documents that are there, and then of those that are written. */
export const mixedVectors = (rows: number): Promise<Float32Array[]> =>
  freshQueries(rows + written, mixedDimension);

export const documentAt = (place: number, vector: Float32Array, text: string) => ({
  doc_id: `d${place}`,
  vector: [...vector],
  chunk_text: text,
});

/** The n-th write: which document it is, by its number, and what is written. */
export function mixedWrite(n: number, rows: number, vectors: Float32Array[]) {
  const place = n % oneIn === 0 ? rows + n / oneIn : (n * 37) % rows;
  const vector = vectors[rows + (n % written)] as Float32Array;
  return { place, vector, document: documentAt(place, vector, `write ${n}`) };
}
