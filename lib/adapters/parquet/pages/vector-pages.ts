import { limits } from "../../../config/limits.ts";
import { ChunkBytes } from "./chunk-bytes.ts";
import { NotReadHere } from "./not-read-here.ts";
import { Scratch, uncompressPage } from "./page-codecs.ts";
import { type PageHeader, readPageHeader } from "./page-header.ts";
import { DictionaryValues, FixedValues, type PageValues, VariableValues } from "./page-values.ts";
import type { PageRanges } from "./range-memory.ts";
import type { VectorChunk, VectorChunks } from "./vector-chunks.ts";
import { RowBounds, refuseUndefined } from "./vector-levels.ts";

const [plain, plainDictionary, rleDictionary] = [0, 2, 8];
/** A header has the smallest and the largest value of its page. */
const mostHeaderBytes = 262_144;
/** What a large page may claim of each byte stored. Vectors come nowhere near it; any that do are left to parquet-wasm. */
const mostExpansion = 64;
const smallPageBytes = 1_048_576;

interface Page {
  header: PageHeader;
  /** Where its data is in the file. */
  start: number;
}

/**
 * Reads the float32 of a row group's vectors, page after page, straight to where they are to be. It takes what writers
 * write for vectors without nulls, all of one length; of everything else it only says that it is not that.
 *
 *   column chunk: [dictionary page] data page, data page, … each: header, levels, values
 *
 * https://parquet.apache.org/docs/file-format/data-pages/
 */
export class VectorPages {
  readonly #bytes: ChunkBytes;
  readonly #chunk: VectorChunk;
  readonly #column: VectorChunks;
  /** Bytes of a value: a float32 of a list, or a whole vector. */
  readonly #width: number;
  readonly #valuesInRow: number;
  readonly #bounds: RowBounds;
  readonly #scratch = new Scratch();
  #next: number;
  #dictionary: Uint8Array | undefined;
  #page: PageValues | undefined;
  /** Values of the page that nobody has read. */
  #left = 0;
  /** Values of the chunk up to the end of the page under way. */
  #seen = 0;

  constructor(ranges: PageRanges, column: VectorChunks, chunk: VectorChunk, dimension: number) {
    const isList = column.layout === "list";
    this.#column = column;
    this.#chunk = chunk;
    this.#bytes = new ChunkBytes(ranges, chunk.end);
    this.#width = isList ? 4 : 4 * dimension;
    this.#valuesInRow = isList ? dimension : 1;
    this.#bounds = new RowBounds(this.#valuesInRow);
    this.#next = chunk.start;
    if (chunk.values !== chunk.rows * this.#valuesInRow)
      throw new NotReadHere("null-or-other-length", "a column has other values than rows");
  }

  /** Goes past rows; pages that have no others are not looked into. */
  async skipRows(rows: number): Promise<void> {
    let values = rows * this.#valuesInRow;
    while (values > this.#left) {
      values -= this.#left;
      this.#left = 0;
      const page = await this.#nextPage();
      if (page.header.values > values) await this.#open(page);
      else {
        this.#bounds.skip(page.header.values);
        values -= page.header.values;
      }
    }
    const scratch = new Uint8Array(this.#width);
    for (; values > 0; values--) this.#take(scratch);
  }

  /** Fills the next rows. @throws Error for a column that is stored in another way, has other rows, or is damaged */
  async readRows(into: Float32Array): Promise<void> {
    const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
    for (let at = 0; at < bytes.length; ) {
      while (this.#left === 0) await this.#open(await this.#nextPage());
      const end = Math.min(bytes.length, at + this.#left * this.#width);
      this.#take(bytes.subarray(at, end));
      at = end;
    }
  }

  /** Nobody reads on. */
  release(): void {
    this.#bytes.release();
  }

  #take(into: Uint8Array): void {
    this.#page?.read(into);
    this.#left -= into.length / this.#width;
  }

  /** The next page that has rows; the dictionary is kept on the way. */
  async #nextPage(): Promise<Page> {
    for (;;) {
      const most = Math.min(mostHeaderBytes, this.#chunk.end - this.#next);
      const { header, length } = readPageHeader(await this.#bytes.at(this.#next, most));
      const page = { header, start: this.#next + length };
      this.#next = page.start + header.storedBytes;
      if (header.kind === "dictionary") this.#dictionary = await this.#dictionaryOf(page);
      else {
        this.#seen += header.values;
        if (this.#seen > this.#chunk.values)
          throw new Error("pages have more values than their column chunk");
        return page;
      }
    }
  }

  async #dictionaryOf(page: Page): Promise<Uint8Array> {
    const { encoding, values } = page.header;
    if (this.#dictionary || (encoding !== plain && encoding !== plainDictionary))
      throw new Error("a dictionary is not the first page, or not plain");
    const { data } = await this.#data(page);
    if (values * this.#width > data.length) throw new Error("a dictionary is shorter than its values");
    const entries = new Uint8Array(values * this.#width);
    this.#plain(data).read(entries);
    return entries;
  }

  /** Version 1: levels and values are compressed together. Version 2: the values alone. */
  async #open(page: Page): Promise<void> {
    const { header } = page;
    const levels = await this.#levelsAndValues(page);
    if (this.#column.layout === "list") this.#bounds.follow(levels.repetition, header.values);
    const { highestDefinition } = this.#column;
    if (highestDefinition > 0) refuseUndefined(levels.definition, highestDefinition, header.values);
    this.#page = this.#valuesOf(header.encoding, levels.values);
    this.#left = header.values;
  }

  async #levelsAndValues(page: Page) {
    const { kind, repetitionBytes, definitionBytes, hybridLevels } = page.header;
    if (!hybridLevels) throw new NotReadHere("other-encoding", "levels are not in the hybrid");
    const { levels, data } = await this.#data(page);
    if (kind === "data") return this.#split(data);
    const definition = levels.subarray(repetitionBytes, repetitionBytes + definitionBytes);
    return { repetition: levels.subarray(0, repetitionBytes), definition, values: data };
  }

  /** In version 1 the levels tell their length before them, and are missing where there is only one. */
  #split(data: Uint8Array) {
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    let at = 0;
    const part = (there: boolean) => {
      const length = there ? view.getUint32(at, true) : 0;
      const start = there ? at + 4 : at;
      if (length > data.length - start) throw new Error("levels are longer than their page");
      at = start + length;
      return data.subarray(start, at);
    };
    const repetition = part(this.#column.layout === "list");
    const definition = part(this.#column.highestDefinition > 0);
    return { repetition, definition, values: data.subarray(at) };
  }

  #valuesOf(encoding: number, bytes: Uint8Array): PageValues {
    if (encoding === plain) return this.#plain(bytes);
    const isDictionary = encoding === rleDictionary || encoding === plainDictionary;
    if (!isDictionary || !this.#dictionary)
      throw new NotReadHere("other-encoding", `values of encoding ${encoding} are not read here`);
    return new DictionaryValues(this.#dictionary, this.#width, bytes);
  }

  #plain(bytes: Uint8Array): PageValues {
    return this.#column.layout === "variable-binary"
      ? new VariableValues(bytes, this.#width)
      : new FixedValues(bytes);
  }

  /** The levels of version 2 are not compressed, and not part of the data. */
  async #data({ header, start }: Page) {
    const { bytes, storedBytes } = header;
    const levelBytes = header.repetitionBytes + header.definitionBytes;
    if (levelBytes > Math.min(bytes, storedBytes)) throw new Error("levels are longer than their page");
    if (bytes > Math.min(limits.maxVectorPageBytes, Math.max(smallPageBytes, storedBytes * mostExpansion)))
      throw new Error(`a page of ${storedBytes} bytes claims ${bytes}`);
    const stored = await this.#bytes.at(start, storedBytes);
    const codec = header.compressed ? this.#chunk.codec : 0;
    const data = uncompressPage(codec, stored.subarray(levelBytes), bytes - levelBytes, this.#scratch);
    return { levels: stored.subarray(0, levelBytes), data };
  }
}
