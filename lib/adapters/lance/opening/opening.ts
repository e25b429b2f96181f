import { z } from "zod";
import { viewOf } from "../files/lance-format.ts";

/** Bytes of a file of a generation, by its path in the folder of the table. */
export interface Piece {
  path: string;
  start: number;
  bytes: Uint8Array;
}

/** What is read of a version before its partitions and rows, and which files there are. */
export interface Opening {
  bucket: string;
  generation: string;
  version: number;
  vectorColumn: string;
  /** Ids of rows say nothing of where these are then. */
  hasStableRowIds: boolean;
  /** Whether pieces tell where rows lie: not of very many data files. */
  hasRows: boolean;
  /** All of the version, by their paths in the folder of the table. */
  files: { path: string; bytes: number }[];
  pieces: Piece[];
}

/** The newest form of these objects that this release knows; of another none is read. */
const format = 1;
const lengthBytes = 4;

const header = z.object({
  format: z.literal(format),
  bucket: z.string(),
  generation: z.string(),
  version: z.int(),
  vectorColumn: z.string(),
  hasStableRowIds: z.boolean(),
  hasRows: z.boolean(),
  files: z.array(z.object({ path: z.string(), bytes: z.int() })),
  pieces: z.array(z.object({ path: z.string(), start: z.int(), length: z.int() })),
});

/** The length of a JSON text, the text, and after it all pieces. */
export function encodeOpening({ pieces, ...rest }: Opening): Uint8Array {
  const places = pieces.map(({ path, start, bytes }) => ({ path, start, length: bytes.length }));
  const text = Buffer.from(JSON.stringify({ format, ...rest, pieces: places }));
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text, ...pieces.map(({ bytes }) => bytes)]);
}

/** @throws Error, or what zod says, where it is none that this release knows */
export function decodeOpening(object: Uint8Array): Opening {
  const textEnd = lengthBytes + viewOf(object).getUint32(0, true);
  const read = header.parse(JSON.parse(new TextDecoder().decode(object.subarray(lengthBytes, textEnd))));
  let at = textEnd;
  const pieces = read.pieces.map(({ path, start, length }) => {
    at += length;
    return { path, start, bytes: object.subarray(at - length, at) };
  });
  if (at !== object.length) throw new Error(`an opening of ${object.length} bytes that says ${at}`);
  return { ...read, pieces };
}
