import { readFile } from "node:fs/promises";
import { limits } from "../../../config/limits.ts";
import type { Metric } from "../../../domain/index/index-entry.ts";

interface Kernel {
  products: Compare;
  squares: Compare;
}

/** Addresses in bytes; see distance-kernel.wat. */
type Compare = (
  rows: number,
  count: number,
  queries: number,
  asked: number,
  bytes: number,
  out: number,
) => void;

const pageBytes = 65_536;
const upTo = (multiple: number, value: number) => Math.ceil(value / multiple) * multiple;

/**
 * Distances of rows to all queries at once, by WebAssembly's SIMD: a row that is read is compared with every query, where
 * LanceDB reads it again for each.
 */
export class RowDistances {
  /** The most that can be compared at a time. */
  readonly rowsAtATime: number;
  readonly #metric: Metric;
  readonly #dimension: number;
  readonly #queries: number;
  /** With zeros behind, which add nothing to any distance. */
  readonly #width: number;
  readonly #stride: number;
  readonly #memory: Float32Array;
  readonly #compare: Compare;

  private constructor(metric: Metric, queries: Float32Array[], module: WebAssembly.Module) {
    this.#metric = metric;
    this.#queries = queries.length;
    this.#dimension = queries[0]?.length ?? 0;
    this.#width = upTo(4, this.#dimension);
    this.#stride = upTo(4, queries.length);
    const fitting = Math.floor(limits.comparedRowsBytes / (4 * this.#width));
    this.rowsAtATime = upTo(2, Math.max(1, Math.min(fitting, limits.comparedRows)));
    const values = this.#stride * this.#width + this.rowsAtATime * (this.#width + this.#stride);
    const memory = new WebAssembly.Memory({ initial: Math.ceil((4 * values) / pageBytes) });
    const kernel = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernel;
    this.#compare = metric === "l2" ? kernel.squares : kernel.products;
    this.#memory = new Float32Array(memory.buffer);
    for (const [i, query] of queries.entries())
      this.#memory.set(metric === "cosine" ? ofLengthOne(query) : query, i * this.#width);
  }

  /** @param queries of the rows' dimension, one at least */
  static async to(queries: Float32Array[], metric: Metric): Promise<RowDistances> {
    const code = await readFile(new URL("./distance-kernel.wasm", import.meta.url));
    return new RowDistances(metric, queries, await WebAssembly.compile(code));
  }

  /**
   * @param vectors of rows, one after the other; at most `rowsAtATime` of them
   * @param found is told each row's distances to the queries, in their order; the array is used again for the next
   */
  compare(vectors: Float32Array, found: (row: number, distances: Float32Array) => void): void {
    const rows = vectors.length / this.#dimension;
    const at = this.#stride * this.#width;
    const out = at + this.rowsAtATime * this.#width;
    this.#place(vectors, rows, at);
    this.#compare(4 * at, upTo(2, rows), 0, this.#stride, 4 * this.#width, 4 * out);
    for (let row = 0; row < rows; row++) {
      const begin = out + row * this.#stride;
      const distances = this.#memory.subarray(begin, begin + this.#queries);
      if (this.#metric !== "l2") this.#fromProducts(distances, at + row * this.#width);
      found(row, distances);
    }
  }

  #place(vectors: Float32Array, rows: number, at: number): void {
    if (this.#width === this.#dimension) this.#memory.set(vectors, at);
    else
      for (let row = 0; row < rows; row++) {
        const values = vectors.subarray(row * this.#dimension, (row + 1) * this.#dimension);
        this.#memory.set(values, at + row * this.#width);
      }
  }

  #fromProducts(products: Float32Array, at: number): void {
    const length = this.#metric === "dot" ? 1 : lengthOf(this.#memory.subarray(at, at + this.#width));
    for (let i = 0; i < products.length; i++) products[i] = 1 - (products[i] ?? 0) / length;
  }
}

/** In float64: squares of values that are float32 neither overflow nor vanish. */
function lengthOf(vector: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += (vector[i] ?? 0) ** 2;
  return Math.sqrt(sum);
}

function ofLengthOne(vector: Float32Array): Float32Array {
  const length = lengthOf(vector);
  return vector.map((value) => value / length);
}
