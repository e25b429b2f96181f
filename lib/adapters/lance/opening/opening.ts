import { createHash } from "node:crypto";
import { z } from "zod";
import { viewOf } from "../files/lance-format.ts";
import { manifestKey } from "../files/manifest-name.ts";

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

/** By whose bytes the store's own table is told from every other. */
export function manifestIn({ version, pieces }: Opening): Uint8Array | undefined {
  return pieces.find(({ path }) => path === manifestKey("", version))?.bytes;
}

/** The newest form of these objects that this release knows; of another none is read. */
const format = 1;
const lengthBytes = 4;
const digestBytes = 32;

/** In the folder of the table. */
const path = z.string().refine((text) => !text.split("/").includes(".."));

const header = z.object({
  format: z.literal(format),
  bucket: z.string(),
  generation: z.string(),
  version: z.int(),
  vectorColumn: z.string(),
  hasStableRowIds: z.boolean(),
  hasRows: z.boolean(),
  files: z.array(z.object({ path, bytes: z.int() })),
  pieces: z.array(z.object({ path, start: z.int(), length: z.int() })),
});

/** The length of a JSON text, the text, after it all pieces, and last what tells that nothing of it was damaged. */
export function encodeOpening({ pieces, ...rest }: Opening): Uint8Array {
  const places = pieces.map(({ path, start, bytes }) => ({ path, start, length: bytes.length }));
  const text = Buffer.from(JSON.stringify({ format, ...rest, pieces: places }));
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32LE(text.length);
  const object = Buffer.concat([length, text, ...pieces.map(({ bytes }) => bytes)]);
  return Buffer.concat([object, digestOf(object)]);
}

const digestOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();

/** @throws Error, or what zod says, where it is none that this release knows */
export function decodeOpening(stored: Uint8Array): Opening {
  const object = stored.subarray(0, -digestBytes);
  if (!digestOf(object).equals(stored.subarray(-digestBytes))) throw new Error("an opening that is damaged");
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
