import { readFile } from "node:fs/promises";
import { tableFromIPC } from "apache-arrow";
import { readParquet } from "parquet-wasm/node";
import { seededNormal } from "./seeded-random.ts";

/** Of the vectors, where nothing else is asked for. */
export const usualDimension = 768;
const wordDimension = 100;
/**
 * Deviation of the noise against that of a word's unit vector. As strong as the word itself, the ten variants of a word
 * mix with its neighbours; at 0.4 every index finds everything in twenty partitions.
 */
const noise = 1;
/** Deviation of a projected value before tanh: most values stay where tanh bends, none saturate. */
const projectedDeviation = 0.7;

export interface Word {
  text: string;
  vector: Float32Array;
}

/** The 10,000 words of the examples with their real 100-d vectors, in the order of the files. */
export async function readWords(): Promise<Word[]> {
  const parts = [0, 1, 2].map((part) => readPart(`examples/words/part-${part}.parquet`));
  return (await Promise.all(parts)).flat();
}

async function readPart(path: string): Promise<Word[]> {
  const table = tableFromIPC(readParquet(await readFile(path)).intoIPCStream());
  const [texts, vectors] = [table.getChild("chunk_text"), table.getChild("vector")];
  return Array.from({ length: table.numRows }, (_, row) => ({
    text: String(texts?.get(row)),
    vector: unit(numbersOf(vectors?.get(row))),
  }));
}

function numbersOf(stored: Uint8Array | Iterable<number>): Float32Array {
  return stored instanceof Uint8Array ? new Float32Array(stored.slice().buffer) : Float32Array.from(stored);
}

/**
 * Makes a variant of a word: seeded noise on its vector, a fixed random projection to `dimension` values and tanh,
 * normalised. What is near among the words stays near, in a space bent as that of a language model.
 */
export class VariantMaker {
  readonly #dimension: number;
  readonly #projection: Float32Array;

  constructor(dimension: number) {
    this.#dimension = dimension;
    this.#projection = projection(dimension);
  }

  /** @param seed the same seed and word give the same vector */
  make(word: Word, seed: number): Float32Array {
    const normal = seededNormal(seed);
    const noisy = word.vector.map((value) => value + (normal() * noise) / Math.sqrt(wordDimension));
    const projected = new Float32Array(this.#dimension);
    for (let i = 0; i < this.#dimension; i++) projected[i] = Math.tanh(this.#row(i, noisy));
    return unit(projected);
  }

  #row(i: number, vector: Float32Array): number {
    let sum = 0;
    for (let j = 0; j < wordDimension; j++)
      sum += (this.#projection[i * wordDimension + j] as number) * (vector[j] as number);
    return sum;
  }
}

function projection(dimension: number): Float32Array {
  const normal = seededNormal(1);
  return Float32Array.from({ length: dimension * wordDimension }, () => normal() * projectedDeviation);
}

function unit(vector: Float32Array): Float32Array {
  const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return vector.map((value) => value / norm);
}
