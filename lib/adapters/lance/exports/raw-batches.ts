import type { Query } from "@lancedb/lancedb";

/** What LanceDB keeps to itself: batches as its native half hands them on, each a file of Arrow IPC. */
interface NativeQuery {
  nativeExecute(options: { maxBatchLength: number }): Promise<{ next(): Promise<Uint8Array | null> }>;
}

/**
 * The rows of a query as Arrow IPC streams, which nothing here has decoded: so every value of every type is as it is stored.
 * @param rows of each at most
 */
export async function* rawBatches(
  query: Query,
  rows: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const all = await (query as unknown as NativeQuery).nativeExecute({ maxBatchLength: rows });
  for (let file = await all.next(); file; file = await all.next()) {
    signal.throwIfAborted();
    yield streamIn(file);
  }
}

/** A file is a stream behind its name, which zeros fill up; behind the stream's end is what a stream's reader does not read. */
function streamIn(file: Uint8Array): Uint8Array {
  const start = file.indexOf(continuation);
  const name = new TextDecoder().decode(file.subarray(0, 6));
  if (name !== "ARROW1" || start < 0) throw new Error("a batch of LanceDB is no file of Arrow IPC");
  return file.subarray(start);
}

/** The first byte of each message's length. */
const continuation = 0xff;
