import { closeSync, ftruncateSync, mkdirSync, openSync, writeSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { limits } from "../../../config/limits.ts";
import type { ObjectStore } from "../../../domain/object-store.ts";
import { Places } from "../../places.ts";
import { type FileBytes, fileBytes } from "../files/file-bytes.ts";
import type { ByteRange } from "../files/lance-format.ts";
import { runsOf } from "./block-runs.ts";
import { type CopyPace, copyPart, type Part, partsOf, shared } from "./copy-parts.ts";

const { blockBytes } = limits;

/** Bytes of a file. */
interface Piece {
  start: number;
  bytes: Uint8Array;
}

/** A file on the disk of which some blocks are there, and which fetches others as they are asked for, each once. */
export class SparseFile {
  readonly #store: ObjectStore;
  readonly #key: string;
  readonly #path: string;
  readonly bytes: number;
  /** By block: 1 where all of it is there. */
  readonly #there: Uint8Array;
  /** What was there at once, mostly parts of blocks. */
  readonly #pieces: Piece[] = [];
  readonly #underWay = new Map<number, Promise<void>>();

  private constructor(store: ObjectStore, key: string, path: string, bytes: number) {
    this.#store = store;
    this.#key = key;
    this.#path = path;
    this.bytes = bytes;
    this.#there = new Uint8Array(Math.ceil(bytes / blockBytes));
  }

  /**
   * All in one turn: a first search waits for many small files, and a turn for each call took five times as long.
   * @param key of the object whose bytes it is to have @param path of the file, which is made
   * @param pieces what is there at once
   */
  static create(
    store: ObjectStore,
    { key, path, bytes }: { key: string; path: string; bytes: number },
    pieces: Piece[],
  ): SparseFile {
    const sparse = new SparseFile(store, key, path, bytes);
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(path, "w");
    try {
      ftruncateSync(file, bytes);
      for (const piece of pieces) {
        writeSync(file, piece.bytes, 0, piece.bytes.length, piece.start);
        sparse.#isThere(piece);
      }
    } finally {
      closeSync(file);
    }
    return sparse;
  }

  #isThere(piece: Piece): void {
    this.#pieces.push(piece);
    const end = endOf(piece);
    const last = end === this.bytes ? this.#there.length : Math.floor(end / blockBytes);
    this.#there.fill(1, Math.ceil(piece.start / blockBytes), last);
  }

  #pieceWith({ start, end }: ByteRange): Piece | undefined {
    return this.#pieces.find((piece) => piece.start <= start && end <= endOf(piece));
  }

  /** Those that are in no piece. */
  #beside(ranges: ByteRange[]): ByteRange[] {
    return ranges.filter((range) => !this.#pieceWith(range));
  }

  /**
   * @returns when all bytes of the ranges are there
   * @throws StoreUnavailable; then it can be asked again
   */
  async ensure(ranges: ByteRange[]): Promise<void> {
    const blocks = blocksOf(this.#beside(ranges));
    const missing = blocks.filter((block) => !this.#there[block] && !this.#underWay.has(block));
    const bytes = missing.length * blockBytes;
    const most = Math.max(limits.leastPartialReads, Math.ceil(bytes / limits.partialReadBytes));
    for (const run of runsOf(missing, limits.blocksReadAlong, most)) this.#begin(run);
    await Promise.all(new Set(blocks.flatMap((block) => this.#underWay.get(block) ?? [])));
  }

  /** Its bytes, fetched where they are not there. */
  asBytes(): FileBytes {
    const tail = this.#pieces.find((piece) => endOf(piece) === this.bytes);
    const read = async (range: ByteRange) => {
      const piece = this.#pieceWith(range);
      if (piece) return piece.bytes.subarray(range.start - piece.start, range.end - piece.start);
      await this.ensure([range]);
      return this.#read(range);
    };
    return fileBytes(this.bytes, read, tail?.bytes.length);
  }

  async #read({ start, end }: ByteRange): Promise<Uint8Array> {
    const file = await open(this.#path, "r");
    try {
      const { buffer } = await file.read(new Uint8Array(end - start), 0, end - start, start);
      return buffer;
    } finally {
      await file.close();
    }
  }

  /** All of it that is missing. @throws as ensure */
  async complete(pace: CopyPace): Promise<void> {
    await this.ensureInParts([{ start: 0, end: this.bytes }], pace);
  }

  /** The same for ranges that nobody waits for: a part after the other, so that a search which needs one waits for that alone. */
  async ensureInParts(ranges: ByteRange[], pace: CopyPace): Promise<void> {
    const { concurrency = limits.diskCopyConcurrency, signal, pause = 0 } = pace;
    const parts = shared(partsOf(this.#key, this.#path, ranges));
    const copySome = async () => {
      for (const part of parts) {
        signal?.throwIfAborted(); // not while it is copied: a search may wait for it, too
        const begun = performance.now();
        await this.ensure([part]);
        if (pause > 0) await sleep((performance.now() - begun) * pause, undefined, signal ? { signal } : {});
      }
    };
    await Promise.all(Array.from({ length: concurrency }, copySome));
  }

  /** @param run of blocks */
  #begin(run: ByteRange): void {
    const range = { start: run.start * blockBytes, end: Math.min(run.end * blockBytes, this.bytes) };
    for (const part of partsOf(this.#key, this.#path, [range])) {
      const blocks = { start: part.start / blockBytes, end: Math.ceil(part.end / blockBytes) };
      const copying = this.#copied(part)
        .then(() => void this.#there.fill(1, blocks.start, blocks.end))
        .finally(() => this.#ended(blocks, copying));
      copying.catch(() => undefined); // for those who wait for it
      for (let block = blocks.start; block < blocks.end; block++)
        if (!this.#underWay.has(block)) this.#underWay.set(block, copying);
    }
  }

  #ended({ start, end }: ByteRange, copying: Promise<void>): void {
    for (let block = start; block < end; block++)
      if (this.#underWay.get(block) === copying) this.#underWay.delete(block);
  }

  async #copied(part: Part): Promise<void> {
    const { start, end } = part;
    await memory.hold(limits.fileWaitMs, () => copyPart(this.#store, part, new Uint8Array(end - start)));
  }
}

/** Of this process, for parts that are on their way: each has memory of its own. */
const memory = new Places(limits.partialReadsAtATime);

const endOf = ({ start, bytes }: Piece) => start + bytes.length;

/** Each once, ascending; a search waits for the blocks of thousands of ranges. */
function blocksOf(ranges: ByteRange[]): number[] {
  const blocks: number[] = [];
  let next = 0;
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    next = Math.max(next, Math.floor(start / blockBytes));
    for (; next * blockBytes < end; next++) blocks.push(next);
  }
  return blocks;
}
