import type { Unit } from "../../../domain/source/parquet-source.ts";
import { batchRowsOf } from "../../../domain/source/units.ts";
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
   * Reads the vectors of a unit straight to where they are to be, row after row; they may still hold what is no number.
   * It goes on where the unit before ended.
   * @param into one after the other; as long as all vectors together
   * @returns those just read, some rows at a time: who looks at them at once finds them in the processor's cache
   * @throws Error for one that is null or of another length, and for damage; without its place
   */
  async *readUnit({ rowGroups, firstRow }: Unit, into: Float32Array[]): AsyncGenerator<Float32Array> {
    const left = [...into];
    for (const { index, rows } of rowGroups) {
      const pages = await this.#pagesAt(index, firstRow);
      this.#open = { rowGroup: index, nextRow: firstRow + rows, pages };
      for (const some of this.#takeFrom(left, rows)) {
        await pages.readRows(some);
        yield some;
      }
    }
  }

  /** Takes the places of so many rows from those that are left, a part of which is left again. */
  *#takeFrom(left: Float32Array[], rows: number): Generator<Float32Array> {
    const most = this.#dimension * batchRowsOf(this.#dimension);
    for (let wanted = rows * this.#dimension; wanted > 0; ) {
      const first = left.shift();
      if (!first) throw new Error("there are more vectors than places for them");
      const some = first.subarray(0, Math.min(wanted, most));
      if (some.length < first.length) left.unshift(first.subarray(some.length));
      wanted -= some.length;
      yield some;
    }
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
