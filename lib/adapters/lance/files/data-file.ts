import { columnPages, type Page, type Places, pageOpening, placesIn } from "./column-pages.ts";
import type { FileBytes } from "./file-bytes.ts";
import { type ByteRange, globalBuffers, pagesOf } from "./lance-format.ts";
import type { DataFile } from "./manifest.ts";

/**
 * Where the rows of a data file lie. What is read to tell of a column, Lance's own readers read before its first row, and
 * of a row just the bytes that it names (test/integration/partial-copy.test.ts).
 */
export class RowPlaces {
  readonly file: DataFile;
  readonly #bytes: FileBytes;
  readonly #columns = new Map<string, Promise<Places[] | undefined>>();
  #tail: Promise<Uint8Array> | undefined;

  constructor(file: DataFile, bytes: FileBytes) {
    this.file = file;
    this.#bytes = bytes;
  }

  /** Whether it holds a column of the table. */
  has(column: string): boolean {
    return this.file.columnOf(column) !== undefined;
  }

  /**
   * @param rows their numbers in the file
   * @returns undefined where a column is laid out as this release does not know
   */
  async bytesOf(rows: number[], columns: string[]): Promise<ByteRange[] | undefined> {
    const places = await Promise.all(columns.map((name) => this.places(name)));
    if (places.includes(undefined)) return undefined;
    return places.flatMap((own) =>
      rows.flatMap((row) => own?.flatMap((place) => place(row, row + 1) ?? []) ?? []),
    );
  }

  /** By page. @returns undefined as bytesOf */
  places(column: string): Promise<Places[] | undefined> {
    const places = this.#columns.get(column) ?? this.#read(column);
    this.#columns.set(column, places);
    return places;
  }

  /** The buffers of a column, in order. */
  async buffersOf(column: string): Promise<ByteRange[]> {
    const number = this.file.columnOf(column);
    if (number === undefined) return [];
    return pagesOf(await this.#readTail(), number).toSorted((a, b) => a.start - b.start);
  }

  async #read(column: string): Promise<Places[] | undefined> {
    const number = this.file.columnOf(column);
    const pages = number === undefined ? [undefined] : columnPages(await this.#readTail(), number);
    const places = await Promise.all(pages.map((page) => page && this.#placesOf(page)));
    return places.includes(undefined) ? undefined : places.filter((place) => place !== undefined);
  }

  #readTail(): Promise<Uint8Array> {
    this.#tail ??= this.#tailAndSchema();
    return this.#tail;
  }

  async #tailAndSchema(): Promise<Uint8Array> {
    const tail = await this.#bytes.tail();
    await Promise.all(globalBuffers(tail).map((range) => this.#bytes.read(range)));
    return tail;
  }

  async #placesOf(page: Page): Promise<Places> {
    const [table] = await Promise.all(pageOpening(page).map((range) => this.#bytes.read(range)));
    return placesIn(page, table);
  }
}
