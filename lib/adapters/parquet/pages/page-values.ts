import { copyBytes } from "../../copy-bytes.ts";
import { HybridRuns } from "./hybrid-runs.ts";
import { NotReadHere } from "./not-read-here.ts";

/** The values of a page, one after the other. */
export interface PageValues {
  /** Fills a whole number of values. @throws Error where there are fewer, or one has another width */
  read(into: Uint8Array): void;
}

/** Values side by side: float32, or vectors of fixed length. */
export class FixedValues implements PageValues {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  read(into: Uint8Array): void {
    const end = this.#at + into.length;
    if (end > this.#bytes.length) throw new Error("a page has too few values");
    copyBytes(this.#bytes, this.#at, end, into, 0);
    this.#at = end;
  }
}

/** Values that tell their length in four bytes before them; all must have the same. */
export class VariableValues implements PageValues {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #width: number;
  #at = 0;

  constructor(bytes: Uint8Array, width: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#width = width;
  }

  read(into: Uint8Array): void {
    for (let to = 0; to < into.length; to += this.#width) {
      if (this.#view.getUint32(this.#at, true) !== this.#width)
        throw new NotReadHere("null-or-other-length", "a vector has another length");
      const start = this.#at + 4;
      this.#at = start + this.#width;
      if (this.#at > this.#bytes.length) throw new Error("a page has too few values");
      copyBytes(this.#bytes, start, this.#at, into, to);
    }
  }
}

/** Values of a dictionary, which a page's own are places in. */
export class DictionaryValues implements PageValues {
  readonly #dictionary: Uint8Array;
  readonly #width: number;
  readonly #runs: HybridRuns;
  #place = 0;

  /** @param bytes a byte for the width of the places, then these in the hybrid */
  constructor(dictionary: Uint8Array, width: number, bytes: Uint8Array) {
    this.#dictionary = dictionary;
    this.#width = width;
    this.#runs = new HybridRuns(bytes, bytes[0] ?? 0, 1);
  }

  read(into: Uint8Array): void {
    const count = into.length / this.#width;
    for (let done = 0; done < count; ) {
      if (this.#place === this.#runs.count) this.#advance();
      const some = Math.min(count - done, this.#runs.count - this.#place);
      const part = into.subarray(done * this.#width, (done + some) * this.#width);
      if (this.#width === 4) this.#readWords(wordsOf(this.#dictionary), wordsOf(part));
      else this.#readWide(part);
      this.#place += some;
      done += some;
    }
  }

  /** As integers: a float32 that is no number may come out with other bits. */
  #readWords(dictionary: Uint32Array, into: Uint32Array): void {
    const [runs, place] = [this.#runs, this.#place];
    for (let i = 0; i < into.length; i++) {
      const word = dictionary[runs.packed ? runs.packedAt(place + i) : runs.value];
      if (word === undefined) throw new Error("a value is not in the dictionary");
      into[i] = word;
    }
  }

  #readWide(into: Uint8Array): void {
    const [runs, width] = [this.#runs, this.#width];
    for (let i = 0; i < into.length / width; i++) {
      const start = (runs.packed ? runs.packedAt(this.#place + i) : runs.value) * width;
      if (start + width > this.#dictionary.length) throw new Error("a value is not in the dictionary");
      copyBytes(this.#dictionary, start, start + width, into, i * width);
    }
  }

  #advance(): void {
    this.#runs.advance();
    this.#place = 0;
  }
}

const wordsOf = ({ buffer, byteOffset, length }: Uint8Array) =>
  new Uint32Array(buffer, byteOffset, length / 4);
