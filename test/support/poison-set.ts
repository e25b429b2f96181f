import { type Anatomy, anatomyOf, encodeNumber, type Page, type ThriftNumber } from "./parquet-anatomy.ts";
import { Compression, type Layout, parquetBytes, type Row, sampleRows } from "./parquet-files.ts";
import { between, oneOf, seededRandom } from "./seeded-random.ts";

/** A damaged Parquet file. */
export interface PoisonFile {
  /** Tells the kind of damage and the file it was done to: `forged-footer-list-ZSTD-17`. */
  name: string;
  kind: DamageKind;
  bytes: Uint8Array;
  /** Of the file it was made of. */
  rows: number;
}

interface Patient extends Anatomy {
  name: string;
  bytes: Uint8Array;
}

type Random = () => number;
type Damage = (patient: Patient, random: Random) => Uint8Array;

export const goodRows = 300;
const layouts: Layout[] = ["list", "fixed_size_list", "binary"];
const codecs = ["UNCOMPRESSED", "SNAPPY", "ZSTD", "GZIP", "LZ4_RAW", "BROTLI"] as const;

/** Rows with a column of few values, which is stored as a dictionary, and one with nulls. */
export function goodFile(layout: Layout = "list", codec: (typeof codecs)[number] = "SNAPPY", prefix = "d") {
  const rows = sampleRows(goodRows, 16, prefix).map(
    (row, i): Row => ({ ...row, source: `source-${i % 7}`, note: i % 5 === 0 ? null : `note ${i % 11}` }),
  );
  return parquetBytes(rows, { layout, compression: Compression[codec], rowGroupRows: 100 });
}

/**
 * Damaged files of every kind in turn, of every layout and codec. A seed repeats them; a larger count begins with the
 * same files.
 */
export function* poisonSet(count: number, seed: number): Generator<PoisonFile> {
  const patients = layouts.flatMap((layout) =>
    codecs.map((codec): Patient => {
      const bytes = goodFile(layout, codec);
      return { name: `${layout}-${codec}`, bytes, ...anatomyOf(bytes) };
    }),
  ) as [Patient, ...Patient[]];
  for (let i = 0; i < count; i++) {
    const random = seededRandom(seed * 1_000_003 + i);
    const kind = damageKinds[i % damageKinds.length] as DamageKind;
    const patient = oneOf(random, patients);
    const bytes = damages[kind](patient, random);
    yield { name: `${kind}-${patient.name}-${i}`, kind, bytes, rows: goodRows };
  }
}

/** Replaces bytes; what is put in may be longer or shorter. */
function splice(bytes: Uint8Array, start: number, end: number, put: Uint8Array): Uint8Array {
  return Uint8Array.from(Buffer.concat([bytes.subarray(0, start), put, bytes.subarray(end)]));
}

/** Changes one to four bytes between two places; never to what they were. */
function flip(bytes: Uint8Array, start: number, end: number, random: Random): Uint8Array {
  const flipped = bytes.slice();
  for (let i = between(random, 1, 4); i > 0; i--) {
    const at = between(random, start, end - 1);
    flipped[at] = (bytes[at] ?? 0) ^ between(random, 1, 255);
  }
  return flipped;
}

const somePage = (pages: Page[], random: Random) => oneOf(random, pages as [Page, ...Page[]]);
const someNumber = (numbers: ThriftNumber[], random: Random) =>
  oneOf(random, numbers as [ThriftNumber, ...ThriftNumber[]]);

/** What a length, count or offset may be forged to: around the true one, and where 32 and 64 bits end. */
function forgedValue(value: bigint, random: Random): bigint {
  const near = [0n, -1n, value - 1n, value + 1n, value * 2n, value * 1_000n, -value - 1n] as const;
  const far = [31n, 32n, 40n, 53n, 62n].flatMap((bits) => [2n ** bits - 1n, 2n ** bits]);
  const ends = [-(2n ** 31n), -(2n ** 63n), 2n ** 63n - 1n, 1_000_000n, 50_000_000n];
  const forged = oneOf(random, [...near, ...far, ...ends] as [bigint, ...bigint[]]);
  return forged === value ? value + 1n : forged;
}

/** A number of the footer with another value; the footer's own length is kept right. */
function forgeFooter({ bytes, footer }: Patient, numbers: ThriftNumber[], random: Random): Uint8Array {
  const number = someNumber(numbers, random);
  const put = encodeNumber(number, bytes, forgedValue(number.value, random));
  const forged = splice(bytes, number.start, number.end, put);
  new DataView(forged.buffer).setUint32(forged.length - 8, forged.length - 8 - footer.start, true);
  return forged;
}

/** A number of a page header with another value; the page gives up the bytes that it takes more. */
export function forgePage(
  bytes: Uint8Array,
  { header, data }: Page,
  number: ThriftNumber,
  value: bigint,
): Uint8Array {
  const put = encodeNumber(number, bytes, value);
  const grown = put.length - (number.end - number.start);
  const left = Math.max(data.start, data.end - Math.max(0, grown));
  const page = Buffer.concat([
    bytes.subarray(header.start, number.start),
    put,
    bytes.subarray(number.end, left),
    new Uint8Array(Math.max(0, -grown)),
  ]);
  return splice(bytes, header.start, data.end, page);
}

const noise = (length: number, random: Random) => Uint8Array.from({ length }, () => between(random, 0, 255));
const numbersAt = (numbers: ThriftNumber[], pattern: RegExp) =>
  numbers.filter(({ path }) => pattern.test(path));

const damages = {
  "flipped-footer": ({ bytes, footer }, random) => flip(bytes, footer.start, footer.end, random),
  "flipped-page-header": ({ bytes, pages }, random) => {
    const { header } = somePage(pages, random);
    return flip(bytes, header.start, header.end, random);
  },
  "flipped-data": ({ bytes, pages }, random) => {
    const { data } = somePage(pages, random);
    return flip(bytes, data.start, data.end, random);
  },
  "flipped-magic": ({ bytes }, random) =>
    random() < 0.2 ? flip(bytes, 0, 4, random) : flip(bytes, bytes.length - 4, bytes.length, random),
  truncated: ({ bytes, footer, pages }, random) => {
    const page = somePage(pages, random);
    const anywhere = between(random, 1, bytes.length - 1);
    const ends = [
      4,
      8,
      12,
      page.data.start,
      page.data.end,
      footer.start,
      footer.end,
      footer.end + 4,
    ] as const;
    return bytes.slice(0, random() < 0.5 ? anywhere : oneOf(random, ends));
  },
  /** Any number of the footer. */
  "forged-footer": (patient, random) =>
    forgeFooter(
      patient,
      patient.footer.numbers.filter(({ kind }) => kind !== "list"),
      random,
    ),
  /** Rows of the file and of row groups; values, sizes and offsets of columns. */
  "forged-counts": (patient, random) =>
    forgeFooter(
      patient,
      numbersAt(patient.footer.numbers, /^(3|4\.\d+\.[236]|4\.\d+\.1\.\d+\.(2|3\.(5|6|7|9|11)))$/),
      random,
    ),
  /** How many elements a schema has, its repetition levels and types, the columns' codecs. */
  "forged-schema": (patient, random) =>
    forgeFooter(patient, numbersAt(patient.footer.numbers, /^(2\..*|4\.\d+\.1\.\d+\.3\.[14])$/), random),
  "forged-list": (patient, random) =>
    forgeFooter(
      patient,
      patient.footer.numbers.filter(({ kind }) => kind === "list"),
      random,
    ),
  "forged-page-header": ({ bytes, pages }, random) => {
    const page = somePage(pages, random);
    const number = someNumber(page.header.numbers, random);
    return forgePage(bytes, page, number, forgedValue(number.value, random));
  },
  /** A few bytes that make a decoder allocate and clear up to 2 GB. */
  "forged-page-size": ({ bytes, pages }, random) => {
    const page = somePage(pages, random);
    const number = someNumber(numbersAt(page.header.numbers, /^2$/), random);
    return forgePage(
      bytes,
      page,
      number,
      oneOf(random, [2n ** 31n - 1n, 2n ** 30n, 200_000_000n, 100_000_000n]),
    );
  },
  "forged-footer-length": ({ bytes, footer }, random) => {
    const forged = bytes.slice();
    const length = forgedValue(BigInt(footer.end - footer.start), random);
    new DataView(forged.buffer).setUint32(forged.length - 8, Number(BigInt.asUintN(32, length)), true);
    return forged;
  },
  "appended-garbage": ({ bytes }, random) => {
    const garbage = noise(between(random, 1, 5_000), random);
    return splice(bytes, bytes.length, bytes.length, random() < 0.5 ? garbage : withMagic(garbage));
  },
  "swapped-halves": ({ bytes }, random) => {
    const at = random() < 0.5 ? bytes.length >> 1 : between(random, 1, bytes.length - 1);
    return splice(bytes.slice(at), bytes.length - at, bytes.length - at, bytes.subarray(0, at));
  },
  "zeroed-range": ({ bytes }, random) => {
    const start = between(random, 0, bytes.length - 1);
    return bytes.slice().fill(0, start, start + between(random, 1, Math.min(5_000, bytes.length - start)));
  },
  "no-parquet": (_, random) => {
    const length = oneOf(random, [0, 1, 4, 8, 11, 12, 13, 100, 100_000]);
    return random() < 0.5 ? noise(length, random) : withMagic(noise(length, random));
  },
} satisfies Record<string, Damage>;

/** What begins and ends as a Parquet file does. */
function withMagic(bytes: Uint8Array): Uint8Array {
  const magic = new TextEncoder().encode("PAR1");
  const marked = bytes.slice();
  if (marked.length < 2 * magic.length) return marked;
  marked.set(magic);
  marked.set(magic, marked.length - magic.length);
  return marked;
}

export type DamageKind = keyof typeof damages;
export const damageKinds = Object.keys(damages) as DamageKind[];
