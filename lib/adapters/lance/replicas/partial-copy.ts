import { rm } from "node:fs/promises";
import { join } from "node:path";
import { limits } from "../../../config/limits.ts";
import type { Publication } from "../../../domain/index/index-entry.ts";
import type { ObjectStore } from "../../../domain/object-store.ts";
import { type IndexPart, indexParts, type Query } from "../../../domain/search/reader.ts";
import { newCopyFolder } from "../copy-folder.ts";
import { RowPlaces } from "../files/data-file.ts";
import type { FileBytes } from "../files/file-bytes.ts";
import type { ByteRange } from "../files/lance-format.ts";
import { dataFilesOf } from "../files/manifest.ts";
import { bytesBeside } from "../files/vector-bytes.ts";
import { nearestPartitions } from "../opening/nearest-partitions.ts";
import { manifestIn, type Opening } from "../opening/opening.ts";
import { readSegments, type Segment } from "../opening/segments.ts";
import type { Copy } from "./copy.ts";
import { type CopyPace, shared } from "./copy-parts.ts";
import { SparseFile } from "./sparse-file.ts";

/** The parts of a generation, in the order in which searches need them. */
export interface PartBytes {
  index: number;
  rows: number;
  vectors: number;
}

/**
 * A generation on this machine's disk of which those parts come first that a search needs, its partitions and the rows of its
 * hits, and behind the answers the rest: the vector index, rows and other indexes, vectors.
 */
export class PartialCopy implements Copy {
  readonly folder: string;
  readonly version: number;
  readonly bytes: number;
  /** Else it has no opening (lib/domain/publish/write-opening.ts). */
  readonly isIndexed = true;
  readonly #published: Publication;
  readonly #opened: Opened;
  readonly #files: Map<string, SparseFile>;
  readonly #room: number;
  readonly #pace: CopyPace;
  #isIndexThere = false;
  /** All but vectors and the vector index. */
  #areRowsThere = false;
  #isCompleted = false;

  private constructor(
    folder: string,
    version: number,
    files: Map<string, SparseFile>,
    of: PartialOptions,
    opened: Opened,
  ) {
    this.folder = folder;
    this.version = version;
    this.#files = files;
    this.#opened = opened;
    this.#published = of.published;
    this.#room = of.room;
    this.#pace = of.pace;
    const { index, rows, vectors } = opened.bytes;
    this.bytes = index + (this.#isWithRows ? rows : 0) + (this.#isWithVectors ? vectors : 0);
  }

  /**
   * @param tableFolder in the store, ending with `/`
   * @returns undefined where there is no room for the vector index
   * @throws StoreUnavailable; Error where the opening does not describe a generation that can be had in parts
   */
  static async open(
    store: ObjectStore,
    tableFolder: string,
    opening: Opening,
    of: PartialOptions,
  ): Promise<PartialCopy | undefined> {
    if (bytesIn(opening.files.filter(({ path }) => isIndexFile(path))) > of.room) return undefined;
    const root = await newCopyFolder();
    const table = join(root, tableFolder.split("/").at(-2) ?? "");
    try {
      const pieces = Map.groupBy(opening.pieces, ({ path }) => path);
      const files = opening.files.map(({ path, bytes }) => {
        const place = { key: tableFolder + path, path: join(table, path), bytes };
        return [path, SparseFile.create(store, place, pieces.get(path) ?? [])] as const;
      });
      const sparse = new Map(files);
      return new PartialCopy(root, opening.version, sparse, of, await openedOf(opening, sparse));
    } catch (error) {
      await rm(root, { recursive: true, force: true });
      throw error;
    }
  }

  get isWhole(): boolean {
    return this.#isCompleted && this.#isWithVectors;
  }

  get hasRows(): boolean {
    return this.#isIndexThere && this.#areRowsThere;
  }

  get parts(): IndexPart[] {
    const areAmongRows = this.#opened.bytes.vectors === 0;
    const vectors = this.isWhole || (areAmongRows && this.#areRowsThere);
    const there = { index: this.#isIndexThere, rows: this.#areRowsThere, vectors };
    return indexParts.filter((part) => there[part]);
  }

  get isToBeCompleted(): boolean {
    return !this.#isCompleted;
  }

  /** Whether it has room for what is no vector index nor vectors. */
  get #isWithRows(): boolean {
    return this.#opened.bytes.index + this.#opened.bytes.rows <= this.#room;
  }

  get #isWithVectors(): boolean {
    const { index, rows, vectors } = this.#opened.bytes;
    return index + rows + vectors <= this.#room;
  }

  async prepareNearest(query: Query): Promise<void> {
    if (!this.#isIndexThere) await this.#preparePartitions(query);
  }

  async #preparePartitions({ vector, settings }: Query): Promise<void> {
    const { nprobes = Number.POSITIVE_INFINITY } = settings;
    const wanted = this.#opened.segments.flatMap(({ centroids, files }) => {
      const partitions = nearestPartitions(centroids, vector, this.#published.metric, nprobes);
      return files.map(({ path, bytesOf }) => this.#ensure(path, partitions.flatMap(bytesOf)));
    });
    await Promise.all(wanted);
  }

  async prepareRows(ids: bigint[], columns: string[]): Promise<boolean> {
    if (this.#areRowsThere) return true;
    const known = await Promise.all(
      [...rowsByFragment(ids)].map(([fragment, rows]) => this.#prepareFragment(fragment, rows, columns)),
    );
    return !known.includes(false);
  }

  /** @returns false where it is not known where these rows lie */
  async #prepareFragment(fragment: number, rows: number[], columns: string[]): Promise<boolean> {
    const files = this.#opened.data.filter(({ file }) => file.fragment === fragment);
    if (!columns.every((name) => files.some((file) => file.has(name)))) return false;
    const known = files.map(async (places) => {
      const own = columns.filter((name) => places.has(name));
      const ranges = await places.bytesOf(rows, own);
      if (ranges) await this.#ensure(`data/${places.file.path}`, ranges);
      return ranges !== undefined;
    });
    return !(await Promise.all(known)).includes(false);
  }

  async #ensure(path: string, ranges: ByteRange[]): Promise<void> {
    await this.#files.get(path)?.ensure(ranges);
  }

  async completeRows(signal: AbortSignal): Promise<void> {
    const isPrompt = this.#isWithRows && this.#opened.bytes.rows <= limits.promptCopyBytes;
    if (isPrompt) await this.#copyRows({ signal });
    await this.#copyIndex({ concurrency: limits.restConcurrency, signal });
    if (!isPrompt && this.#isWithRows) await this.#copyRows({ concurrency: limits.restConcurrency, signal });
  }

  async #copyIndex(pace: CopyPace): Promise<void> {
    for (const [path, file] of this.#files) if (isIndexFile(path)) await file.complete(pace);
    this.#isIndexThere = true;
  }

  async #copyRows({ concurrency = limits.diskCopyConcurrency, signal }: CopyPace): Promise<void> {
    const rest = shared([...this.#files].filter(([path]) => !isIndexFile(path)));
    const copySome = async () => {
      for (const [path, file] of rest) {
        const beside = bytesBeside(this.#opened.vectors.get(path) ?? [], file.bytes);
        await file.ensureInParts(beside, { concurrency: 1, ...(signal ? { signal } : {}) });
      }
    };
    await Promise.all(Array.from({ length: concurrency }, copySome));
    this.#areRowsThere = true;
  }

  async complete(signal: AbortSignal, pause = this.#pace.pause ?? 0): Promise<void> {
    if (this.#isWithVectors)
      for (const file of this.#files.values()) await file.complete({ ...this.#pace, pause, signal });
    this.#isCompleted = true;
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

export interface PartialOptions {
  published: Publication;
  /** Bytes that it may have. */
  room: number;
  /** Of what nobody waits for. */
  pace: CopyPace;
}

interface Opened {
  segments: Segment[];
  /** None where ids do not tell where rows are. */
  data: RowPlaces[];
  /** Where vectors lie in data files, in order. */
  vectors: Map<string, ByteRange[]>;
  bytes: PartBytes;
}

async function openedOf(opening: Opening, files: Map<string, SparseFile>): Promise<Opened> {
  const asBytes = (path: string) => files.get(path)?.asBytes();
  const manifest = manifestIn(opening);
  const data = (manifest ? dataFilesOf(manifest) : []).flatMap((file) => {
    const bytes = asBytes(`data/${file.path}`);
    return bytes ? new RowPlaces(file, bytes) : [];
  });
  const indexFiles = [...files.keys()]
    .filter(isIndexFile)
    .map((path) => [path, asBytes(path) as FileBytes] as const);
  const vectors = new Map<string, ByteRange[]>();
  for (const places of opening.hasRows ? data : [])
    vectors.set(`data/${places.file.path}`, await places.buffersOf(opening.vectorColumn));
  const index = bytesIn(opening.files.filter(({ path }) => isIndexFile(path)));
  const ofVectors = [...vectors.values()].flat().reduce((sum, { start, end }) => sum + end - start, 0);
  const bytes = { index, rows: bytesIn(opening.files) - index - ofVectors, vectors: ofVectors };
  const segments = await readSegments(new Map(indexFiles));
  return { segments, data: opening.hasStableRowIds ? [] : data, vectors, bytes };
}

const bytesIn = (files: { bytes: number }[]) => files.reduce((sum, { bytes }) => sum + bytes, 0);
const isIndexFile = (path: string) => path.endsWith(".idx");

/** Rows of fragments by their ids, which are addresses: https://lance.org/format/table/row_id_lineage/ */
function rowsByFragment(ids: bigint[]): Map<number, number[]> {
  const rows = new Map<number, number[]>();
  for (const id of ids) {
    const fragment = Number(id >> 32n);
    rows.set(fragment, [...(rows.get(fragment) ?? []), Number(id & 0xffff_ffffn)]);
  }
  return rows;
}
