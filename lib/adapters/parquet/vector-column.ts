import type { Unit } from "../../domain/ports.ts";
import type { FileTail } from "./file-tail.ts";
import type { PageRanges } from "./range-memory.ts";
import { type VectorChunks, vectorChunksOf } from "./vector-chunks.ts";
import { VectorPages } from "./vector-pages.ts";

/** The vector column of a file, where it is stored as `VectorPages` reads it. */
export class VectorColumn {
  readonly #column: VectorChunks;
  readonly #dimension: number;
  readonly #ranges: PageRanges;
  /** Pages under way of a row group, and the next row of it. */
  #open: { rowGroup: number; nextRow: number; pages: VectorPages } | undefined;

  /** For one unit after the other: fresh memory would cost more than decoding into it. */
  #vectors = new Float32Array();

  private constructor(column: VectorChunks, dimension: number, ranges: PageRanges) {
    this.#column = column;
    this.#dimension = dimension;
    this.#ranges = ranges;
  }

  /** @returns undefined where the column is stored in another way @throws Error for damaged metadata */
  static in(tail: FileTail, name: string, dimension: number, ranges: PageRanges): VectorColumn | undefined {
    const column = vectorChunksOf(tail.bytes, tail.start, name, dimension);
    return column && new VectorColumn(column, dimension, ranges);
  }

  /** Nobody reads on. */
  release(): void {
    this.#open?.pages.release();
    this.#open = undefined;
  }

  /**
   * The vectors of a unit, row after row; they may still hold what is no number. Good until the next call,
   * which goes on where this unit ended.
   * @throws Error for one that is null or of another length, and for damage; without its place
   */
  async vectorsOf({ rowGroups, firstRow, rows }: Unit): Promise<Float32Array> {
    const values = rows * this.#dimension;
    if (this.#vectors.length < values) this.#vectors = new Float32Array(values);
    const vectors = this.#vectors.subarray(0, values);
    let done = 0;
    for (const { index, rows: some } of rowGroups) {
      const pages = await this.#pagesAt(index, firstRow);
      await pages.readRows(vectors.subarray(done * this.#dimension, (done + some) * this.#dimension));
      this.#open = { rowGroup: index, nextRow: firstRow + some, pages };
      done += some;
    }
    return vectors;
  }

  async #pagesAt(rowGroup: number, firstRow: number): Promise<VectorPages> {
    const open = this.#open;
    this.#open = undefined;
    if (open?.rowGroup === rowGroup && open.nextRow === firstRow) return open.pages;
    open?.pages.release();
    const chunk = this.#column.chunks[rowGroup];
    if (!chunk) throw new Error(`there is no row group ${rowGroup}`);
    const pages = new VectorPages(this.#ranges, this.#column, chunk, this.#dimension);
    await pages.skipRows(firstRow);
    return pages;
  }
}
