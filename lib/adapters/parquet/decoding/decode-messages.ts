import type { Issue } from "../../../domain/errors.ts";
import type { ReasonOf } from "../../../domain/fallbacks.ts";
import type { FileFooter, SkippedRows, TargetSchema, Unit } from "../../../domain/source/parquet-source.ts";
import { placeOfUnit } from "../../../domain/source/units.ts";
import type { VectorGaps } from "./decoded-texts.ts";

/** @param into memory for the bytes, whose beginning is returned; without it they have their own */
export type ReadFile = (file: string, start: number, end: number, into?: Uint8Array) => Promise<Uint8Array>;

/** What the decoding thread is told as it starts. */
export interface WorkerData {
  /** Whether nobody waits for it yet. */
  ahead: boolean;
}

/** What the decoding thread is asked. It knows a file by key and size, and asks for its bytes back. */
export type DecodeRequest = { file: string; bytes: number } & (
  | { ask: "footer" }
  | { ask: "first-dimension"; column: string }
  /** `spare`: memory for the answer, where it is large enough. `batchRows`: decoded at a time, where these are fewer than usual. */
  | {
      ask: "unit";
      unit: Unit;
      target: TargetSchema;
      spare?: SharedArrayBuffer | undefined;
      batchRows?: number;
    }
);

/** What an error that says no more is about. */
export function placeAsked(request: DecodeRequest): string {
  return request.ask === "unit" ? placeOfUnit(request.file, request.unit) : request.file;
}

export type DecodeAnswer = FileFooter | number | DecodedUnit;

export interface DecodedUnit {
  ipc: Uint8Array;
  skipped?: SkippedRows | undefined;
  /** Of a target whose vectors are made of texts. */
  gaps?: VectorGaps;
}

export type ToWorker =
  /** First of all; the decoder faults where a file makes it need more memory. */
  | { begin: { maxMemoryBytes: number | undefined } }
  | { id: number; request: DecodeRequest }
  | { read: number; bytes?: Uint8Array }
  /** What was read of a file so far may have changed. */
  | { forget: true };

export type FromWorker =
  /** A faster way was given up. */
  | { fellBack: DecoderFallback }
  /** It runs. */
  | { ready: true }
  /** It has begun. */
  | { started: true }
  /** `into`: memory for the bytes, which both threads see. */
  | { read: number; file: string; start: number; end: number; into?: Uint8Array }
  | { id: number; answer: DecodeAnswer }
  /** `where` is the row group and row, empty when it is the whole file. */
  | { id: number; refused: RefusedAnswer };

/** Of what the decoding thread does by itself. */
export type DecoderFallback =
  | { path: "vectors-from-pages"; reason: ReasonOf<"vectors-from-pages"> }
  | { path: "released-buffers"; reason: ReasonOf<"released-buffers"> };

export interface RefusedAnswer {
  place: string;
  message: string;
  /** Where several rows are refused: the first of them, and how many there are beside these. */
  rows?: { issues: Issue[]; more: number };
}
