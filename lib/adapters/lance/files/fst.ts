/**
 * Words in a finite state transducer as Rust's crate fst writes it (version 3), read where they begin as is asked for:
 * https://docs.rs/fst/0.4/fst/raw/. Nodes are written back to front: what an address names is the last byte of one.
 */
export class FstWords {
  readonly #bytes: Uint8Array;
  readonly #root: number;

  /** @throws Error where it is none, or of another version */
  constructor(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < emptyBytes) throw new Error("a dictionary of words that is cut off");
    const version = view.getBigUint64(0, true);
    if (version !== knownVersion) throw new Error(`a dictionary of words of version ${version}`);
    const root = Number(view.getBigUint64(bytes.length - 12, true));
    const isEmpty = root === emptyNode && bytes.length === emptyBytes;
    if (!isEmpty && root + rootBehind !== bytes.length)
      throw new Error("a dictionary of words with another root");
    this.#bytes = bytes;
    this.#root = root;
  }

  /**
   * The words that begin so, the shortest first and of the same length in the order of their bytes.
   * @param atMost how many
   * @param maxNodes that are looked at
   * @throws TooManyNodes, and RangeError or Error where bytes are none of a dictionary
   */
  beginningWith(beginning: string, atMost: number, maxNodes: number): string[] {
    const start = Buffer.from(beginning);
    let address: number | undefined = this.#root;
    for (const byte of start) {
      address =
        address === undefined ? undefined : this.#node(address).next.find((one) => one.byte === byte)?.to;
    }
    if (address === undefined) return [];
    return this.#shortest(address, atMost, maxNodes).map((rest) => Buffer.concat([start, rest]).toString());
  }

  /** By levels, each in the order of its words. */
  #shortest(from: number, atMost: number, maxNodes: number): Uint8Array[] {
    const found: Uint8Array[] = [];
    let seen = 0;
    let level: Path[] = [{ to: from, byte: 0, depth: 0 }];
    while (level.length > 0) {
      const below: Path[] = [];
      for (const path of level) {
        if (++seen + below.length > maxNodes) throw new TooManyNodes();
        const { isFinal, next } = this.#node(path.to);
        if (isFinal) found.push(bytesOf(path));
        if (found.length >= atMost) return found;
        for (const one of next) below.push({ ...one, depth: path.depth + 1, before: path });
      }
      level = below;
    }
    return found;
  }

  #node(address: number): Node {
    if (address === emptyNode) return { isFinal: true, next: [] };
    const state = this.#at(address);
    if (state >= 0b1100_0000) return this.#chained(address, state);
    return state >= 0b1000_0000 ? this.#single(address, state) : this.#branching(address, state);
  }

  /** Goes to the node written before it. */
  #chained(address: number, state: number): Node {
    const { byte, at } = this.#input(address, state);
    return { isFinal: false, next: [{ byte, to: at - 1 }] };
  }

  #single(address: number, state: number): Node {
    const { byte, at } = this.#input(address, state);
    const { addressBytes, outputBytes } = this.#sizes(at - 1);
    const end = at - 1 - addressBytes;
    return { isFinal: false, next: [{ byte, to: this.#target(end, addressBytes, end - outputBytes) }] };
  }

  /** Bytes and addresses are written from the last to the first. */
  #branching(address: number, state: number): Node {
    const isFinal = (state & 0b0100_0000) !== 0;
    const told = state & 0b0011_1111;
    const written = told === 0 ? this.#at(address - 1) : told;
    const count = told === 0 && written === 1 ? 256 : written;
    const at = address - (told === 0 ? 1 : 0) - 1;
    const { addressBytes, outputBytes } = this.#sizes(at);
    const inputs = at - (count > mostWithoutTable ? 256 : 0);
    const addresses = inputs - count;
    const end = addresses - count * addressBytes - (count + (isFinal ? 1 : 0)) * outputBytes;
    const next = Array.from({ length: count }, (_, i) => ({
      byte: this.#at(inputs - 1 - i),
      to: this.#target(addresses - (i + 1) * addressBytes, addressBytes, end),
    }));
    return { isFinal, next };
  }

  /** The byte that leads on, of which the most frequent are part of the state, and where what it leads to is told behind. */
  #input(address: number, state: number): { byte: number; at: number } {
    const common = state & 0b0011_1111;
    if (common > 0) return { byte: mostFrequent.charCodeAt(common - 1), at: address };
    return { byte: this.#at(address - 1), at: address - 1 };
  }

  #sizes(at: number): { addressBytes: number; outputBytes: number } {
    const sizes = this.#at(at);
    return { addressBytes: sizes >>> 4, outputBytes: sizes & 0xf };
  }

  /** Told as how far before the node's first byte. */
  #target(at: number, bytes: number, first: number): number {
    const back = this.#number(at, bytes);
    return back === emptyNode ? emptyNode : first - back;
  }

  #number(at: number, bytes: number): number {
    let value = 0;
    for (let i = bytes - 1; i >= 0; i--) value = value * 256 + this.#at(at + i);
    return value;
  }

  #at(index: number): number {
    const byte = this.#bytes[index];
    if (byte === undefined || index < headerBytes)
      throw new Error("a dictionary of words that leads out of itself");
    return byte;
  }
}

/** More words begin so than are looked through. */
export class TooManyNodes extends Error {}

interface Node {
  isFinal: boolean;
  next: { byte: number; to: number }[];
}

/** How a node was reached. */
interface Path {
  byte: number;
  to: number;
  depth: number;
  before?: Path;
}

function bytesOf(path: Path): Uint8Array {
  const bytes = new Uint8Array(path.depth);
  for (let at: Path | undefined = path; at && at.depth > 0; at = at.before) bytes[at.depth - 1] = at.byte;
  return bytes;
}

const knownVersion = 3n;
/** Version and type of what it is. */
const headerBytes = 16;
/** Behind the header how many words there are, where the root is, and a checksum. */
const emptyBytes = 36;
const rootBehind = 21;
/** A node that is not written: a word ends there, and nothing follows. */
const emptyNode = 0;
/** Of a node with more ways on a table of all bytes is written, too. */
const mostWithoutTable = 32;
const mostFrequent = "te/oasripcnw.hlm-du012g=:bf3y5&_4v9678k%?xCDASFIBEjPTzRNM+LOqHG";
