import type { RecordBatchFileWriter } from "apache-arrow";
import { limits } from "../../../config/limits.ts";
import { copyBytes } from "../../copy-bytes.ts";

/** Nothing is ever written to it, so that it takes no memory. */
const blank = new SharedArrayBuffer(limits.unitMemoryBytes);

/**
 * Stands for values that are read straight to their place, which is known when all else is written.
 * @throws RangeError for more than a unit may hold
 */
export const gapFor = (values: number) => new Float32Array(blank, 0, values);

export interface JoinedIpc {
  ipc: Uint8Array;
  /** Places of the gaps, in the order of their batches. */
  gaps: Float32Array[];
}

/**
 * What was written, as one Arrow IPC file in shared memory, as that of ranges; so much of it that the next unit fits, too:
 * what is not written to takes nothing.
 * @param spare memory of a unit before, taken where it suffices
 */
export async function joinedIpc(
  writer: RecordBatchFileWriter,
  spare?: SharedArrayBuffer,
): Promise<JoinedIpc> {
  const parts: Uint8Array[] = [];
  for await (const part of writer) parts.push(part);
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  const fits = spare && spare.byteLength >= bytes;
  const memory = fits ? spare : new SharedArrayBuffer(Math.max(bytes, limits.unitMemoryBytes));
  const ipc = new Uint8Array(memory, 0, bytes);
  const gaps: Float32Array[] = [];
  let at = 0;
  for (const part of parts) {
    if (part.buffer === blank) gaps.push(new Float32Array(memory, at, part.length / 4));
    else copyBytes(part, 0, part.length, ipc, at);
    at += part.length;
  }
  return { ipc, gaps };
}
