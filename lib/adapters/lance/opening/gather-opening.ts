import { limits } from "../../../config/limits.ts";
import type { GenerationRef } from "../../../domain/index/index-entry.ts";
import type { ObjectStore } from "../../../domain/object-store.ts";
import { RowPlaces } from "../files/data-file.ts";
import { type FileBytes, fileBytes } from "../files/file-bytes.ts";
import { folderOf } from "../files/generation-folder.ts";
import { readIndexFile } from "../files/index-file.ts";
import {
  type DataFile,
  dataFilesOf,
  filesNamedBy,
  hasStableRowIds,
  readManifest,
} from "../files/manifest.ts";
import { manifestKey } from "../files/manifest-name.ts";
import { filesOfVersion } from "../files/version-files.ts";
import type { Opening, Piece } from "./opening.ts";

/** What is to be opened. */
export interface OpenedVersion extends GenerationRef {
  version: number;
  vectorColumn: string;
  /** All that rows have. */
  columns: string[];
}

/**
 * Reads what a first search of a version needs before its partitions and rows.
 * @throws StoreUnavailable, TableNotKnown; Error where an index has no partitions, or is laid out as this release does not know
 */
export async function gatherOpening(store: ObjectStore, opened: OpenedVersion): Promise<Opening> {
  const { bucket, generation, version, vectorColumn } = opened;
  const folder = folderOf(opened);
  const manifestPath = manifestKey(folder, version).slice(folder.length);
  const { files: stored, manifest } = await filesOfVersion(store, folder, version);
  const listed = stored.map(({ key, bytes }) => ({ path: key.slice(folder.length), bytes }));
  const bytesOf = new Map(listed.map(({ path, bytes }) => [path, bytes]));
  const named = filesNamedBy(manifest);
  const paths = new Set([...named.files, manifestPath]);
  const isNamed = (path: string) => paths.has(path) || named.folders.some((one) => path.startsWith(one));
  const files = listed.filter(({ path }) => isNamed(path));
  const gathered = new Gathered(store, folder, bytesOf);
  for (const { path } of files) if (isOpened(path)) await gathered.beforeRows(path);
  const hasRows = await gathered.rows(
    dataFilesOf(manifest),
    opened.columns.filter((name) => name !== vectorColumn),
  );
  const { pieces } = gathered;
  return {
    bucket,
    generation,
    version,
    vectorColumn,
    hasStableRowIds: hasStableRowIds(readManifest(manifest)),
    hasRows,
    files,
    pieces,
  };
}

/** Neither data nor scalar indexes. */
const isOpened = (path: string) => /^(_versions|_deletions)\/|\.idx$/.test(path);

/** All that was read. */
class Gathered {
  readonly pieces: Piece[] = [];
  readonly #store: ObjectStore;
  readonly #folder: string;
  readonly #bytesOf: Map<string, number>;

  constructor(store: ObjectStore, folder: string, bytesOf: Map<string, number>) {
    this.#store = store;
    this.#folder = folder;
    this.#bytesOf = bytesOf;
  }

  /** Of an index just what tells where its partitions lie, of anything else all of it. */
  async beforeRows(path: string): Promise<void> {
    const bytes = this.#bytesOf.get(path) ?? 0;
    const file = keeping(path, this.#of(path), this.pieces);
    await (path.startsWith("_indices/") ? readIndexFile(file) : file.read({ start: 0, end: bytes }));
    const gathered = sizeOf(this.pieces);
    if (gathered > limits.maxOpeningBytes) throw new Error(`an opening of ${gathered} bytes`);
  }

  /** None of them where they are too many: then their rows are read from the store until they are copied. */
  async rows(files: DataFile[], columns: string[]): Promise<boolean> {
    const pieces: Piece[] = [];
    for (let at = 0; at < files.length; at += limits.diskCopyConcurrency) {
      const some = files.slice(at, at + limits.diskCopyConcurrency).map(async (file) => {
        const path = `data/${file.path}`;
        const places = new RowPlaces(file, keeping(path, this.#of(path), pieces));
        await Promise.all(columns.filter((name) => places.has(name)).map((name) => places.places(name)));
      });
      await Promise.all(some);
      if (sizeOf(pieces) > limits.maxOpeningOfRowsBytes) return false;
    }
    this.pieces.push(...pieces);
    return true;
  }

  #of(path: string): FileBytes {
    const read: FileBytes["read"] = ({ start, end }) => this.#store.read(this.#folder + path, start, end);
    return fileBytes(this.#bytesOf.get(path) ?? 0, read);
  }
}

const sizeOf = (pieces: Piece[]) => pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);

function keeping(path: string, file: FileBytes, pieces: Piece[]): FileBytes {
  return {
    bytes: file.bytes,
    tail: async () => {
      const bytes = await file.tail();
      pieces.push({ path, start: file.bytes - bytes.length, bytes });
      return bytes;
    },
    read: async (range) => {
      const bytes = await file.read(range);
      pieces.push({ path, start: range.start, bytes });
      return bytes;
    },
  };
}
