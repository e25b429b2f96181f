import type { RecordBatchFileWriter } from "apache-arrow";
import { limits } from "../../config/limits.ts";

/**
 * What was written, as one Arrow IPC file in shared memory, as that of ranges; so much of it that the next unit fits, too:
 * what is not written to takes nothing.
 * @param spare memory of a unit before, taken where it suffices
 */
export async function joinedIpc(
  writer: RecordBatchFileWriter,
  spare?: SharedArrayBuffer,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of writer) parts.push(part);
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  const fits = spare && spare.byteLength >= bytes;
  const memory = fits ? spare : new SharedArrayBuffer(Math.max(bytes, limits.unitMemoryBytes));
  const whole = new Uint8Array(memory, 0, bytes);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
