import { setTimeout as sleep } from "node:timers/promises";
import type { Worker } from "node:worker_threads";
import { tableFromIPC } from "apache-arrow";
import { expect, test, vi } from "vitest";
import type { ReadFile } from "../../../lib/adapters/parquet/decoding/decode-messages.ts";
import { WasmParquetSource } from "../../../lib/adapters/parquet/parquet-source.ts";
import { DecoderFault, DecodeThread } from "../../../lib/adapters/parquet/threads/decode-thread.ts";
import { SizedDecoder } from "../../../lib/adapters/parquet/threads/sized-decoder.ts";
import { readyWorker } from "../../../lib/adapters/parquet/threads/spare-worker.ts";
import { limits } from "../../../lib/config/limits.ts";
import { FallbackCounts } from "../../../lib/domain/fallback-counts.ts";
import { parquetBytes, sampleRows } from "../../support/parquet-files.ts";
import { storeOfFile } from "../../support/store-of-file.ts";

const file = parquetBytes(sampleRows(30), { rowGroupRows: 10 });
const readFile: ReadFile = async (_, start, end) => file.slice(start, end) as Uint8Array<ArrayBuffer>;
const footerOf = (name: string) => ({ ask: "footer", file: name, bytes: file.length }) as const;
const never = new Promise<never>(() => undefined);

const alive = new Set<Worker>();
process.on("worker", (worker) => {
  alive.add(worker);
  worker.once("exit", () => alive.delete(worker));
});

/** Threads are started by the work, and none is left after it. */
async function expectNoWorkerAfter(work: () => Promise<void>): Promise<number> {
  let started = 0;
  const count = () => void started++;
  process.on("worker", count);
  await work();
  process.off("worker", count);
  for (let i = 0; i < 50 && alive.size > 0; i++) await sleep(20);
  expect(started).toBeGreaterThan(0);
  expect(alive.size).toBe(0);
  return started;
}

async function startedBy(work: () => Promise<void>): Promise<Worker[]> {
  const before = new Set(alive);
  await work();
  return [...alive].filter((worker) => !before.has(worker));
}

test("it answers one question after the other", async () => {
  const thread = new DecodeThread(readFile);
  expect(await thread.ask(footerOf("a"), 10_000)).toMatchObject({ rows: 30, bytes: file.length });
  expect(await thread.ask(footerOf("b"), 10_000)).toMatchObject({ rows: 30 });
  await thread.close();
});

test("one that was started ahead is taken by the next who needs it, and by no other", async () => {
  const started = await expectNoWorkerAfter(async () => {
    await Promise.all([readyWorker(), readyWorker()]);
    const threads = [new DecodeThread(readFile), new DecodeThread(readFile)];
    for (const thread of threads)
      expect(await thread.ask(footerOf("a"), 10_000)).toMatchObject({ rows: 30, bytes: file.length });
    for (const thread of threads) await thread.close();
  });
  expect(started).toBe(2);
});

test("one that was started ahead and has ended is made up for by another, and counted", async () => {
  const [worker] = await startedBy(readyWorker);
  await worker?.terminate();
  const counts = new FallbackCounts(() => undefined);
  const thread = new DecodeThread(readFile, undefined, counts);
  expect(await thread.ask(footerOf("a"), 10_000)).toMatchObject({ rows: 30 });
  await thread.close();
  expect(counts.seen()).toEqual([{ fastPath: "decoder-ahead", reason: "ended", count: 1 }]);
});

test("one that is taken before it is ready answers all the same", async () => {
  const ready = readyWorker();
  const thread = new DecodeThread(readFile);
  await ready;
  expect(await thread.ask(footerOf("a"), 10_000)).toMatchObject({ rows: 30 });
  await thread.close();
});

test("one that was started ahead and that nobody takes ends", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const started = await expectNoWorkerAfter(async () => {
      await readyWorker();
      vi.advanceTimersByTime(limits.idleDecoderMs);
    });
    expect(started).toBe(1);
  } finally {
    vi.useRealTimers();
  }
});

test("closed, it tells those who wait why, and refuses every later question", async () => {
  const thread = new DecodeThread(() => never);
  const asked = thread.ask(footerOf("a"), 60_000);
  const refused = expect(asked).rejects.toThrow("enough");
  await sleep(50);
  await thread.close(new Error("enough"));
  await refused;
  await expect(thread.ask(footerOf("a"), 60_000)).rejects.toThrow("enough");
});

test("a question that takes too long ends the thread: DeadlineExceeded, now and later", async () => {
  await expectNoWorkerAfter(async () => {
    const thread = new DecodeThread(() => never);
    const deadline = { kind: "DeadlineExceeded", message: "a: not decoded within 300 ms" };
    await expect(thread.ask(footerOf("a"), 300)).rejects.toMatchObject(deadline);
    await expect(thread.ask(footerOf("b"), 300)).rejects.toMatchObject({ kind: "DeadlineExceeded" });
  });
});

test("a read that fails is told as it is, not as a fault of the file", async () => {
  const thread = new DecodeThread(async () => {
    throw new Error("no route to store");
  });
  await expect(thread.ask(footerOf("a"), 10_000)).rejects.toThrow("no route to store");
  await thread.close();
});

/** Of a row group that is not there. */
const unit = { id: 0, file: 0, rowGroups: [{ index: 99, rows: 10 }], firstRow: 0, rows: 10 };
const target = {
  ...{ idColumn: "doc_id", vectorColumn: "vector", dimension: 8, refuseZeroVectors: true },
  columns: [{ name: "doc_id", type: "Utf8" }],
};
const faulty = { ask: "unit", file: "a", bytes: file.length, unit, target } as const;

test("a file that makes the decoder fault ends the thread, which refuses from then on", async () => {
  await expectNoWorkerAfter(async () => {
    const thread = new DecodeThread(readFile);
    await expect(thread.ask(faulty, 10_000)).rejects.toBeInstanceOf(DecoderFault);
    await thread.close();
    await expect(thread.ask(faulty, 10_000)).rejects.toBeDefined();
  });
});

test("one that faults in the smallest steps, too, is damaged, and the next is read all the same", async () => {
  await expectNoWorkerAfter(async () => {
    const decoder = new SizedDecoder(readFile);
    const refusal = {
      kind: "SourceInvalid",
      message: "a, row group 99: cannot be decoded; the file is damaged",
    };
    await expect(decoder.ask(faulty, 10_000)).rejects.toMatchObject(refusal);
    expect(await decoder.ask(footerOf("b"), 10_000)).toMatchObject({ rows: 30 });
    await decoder.close();
  });
});

/** The file under every name; `hangs` never gives its bytes. */
const store = storeOfFile(
  () => file,
  (key) => (key === "hangs" ? never : undefined),
);

test("an abort ends footers and decoding with its reason, and their threads", async () => {
  await expectNoWorkerAfter(async () => {
    const source = new WasmParquetSource(() => store);
    const abort = new AbortController();
    const footers = expect(source.footers("b", ["hangs"], abort.signal)).rejects.toThrow("cancelled");
    const unit = { id: 0, file: 0, rowGroups: [{ index: 0, rows: 10 }], firstRow: 0, rows: 10 };
    const target = {
      ...{ idColumn: "doc_id", vectorColumn: "vector", dimension: 8, refuseZeroVectors: true },
      columns: [{ name: "doc_id", type: "Utf8" }],
    };
    const decoded = source.decode("b", [{ key: "hangs" }], [unit], target, abort.signal);
    const decode = expect(decoded[Symbol.asyncIterator]().next()).rejects.toThrow("cancelled");
    setTimeout(() => abort.abort(new Error("cancelled")), 100);
    await Promise.all([footers, decode]);
    await expect(source.footers("b", ["a"], abort.signal)).rejects.toThrow("cancelled");
  });
});

test("who stops reading in between leaves no thread behind", async () => {
  await expectNoWorkerAfter(async () => {
    const source = new WasmParquetSource(() => store);
    const { signal } = new AbortController();
    const units = [0, 1, 2].map((index) => ({
      id: index,
      file: 0,
      rowGroups: [{ index, rows: 10 }],
      firstRow: 0,
      rows: 10,
    }));
    const target = {
      ...{ idColumn: "doc_id", vectorColumn: "vector", dimension: 8, refuseZeroVectors: true },
      columns: [
        { name: "doc_id", type: "Utf8" },
        { name: "vector", type: "FixedSizeList[8]<Float32>" },
      ],
    };
    for await (const { unit } of source.decode("b", [{ key: "a" }], units, target, signal)) {
      expect(unit.id).toBe(0);
      break;
    }
  });
});

test("a load goes on with the thread that has read the footers, and reads what is there by then", async () => {
  const started = await expectNoWorkerAfter(async () => {
    let now = file;
    const source = new WasmParquetSource(() => storeOfFile(() => now));
    const { signal } = new AbortController();
    await source.footers("b", ["a"], signal);
    now = parquetBytes(sampleRows(30, 8, "e"), { rowGroupRows: 10 });
    const unit = { id: 0, file: 0, rowGroups: [{ index: 0, rows: 10 }], firstRow: 0, rows: 10 };
    const target = {
      ...{ idColumn: "doc_id", vectorColumn: "vector", dimension: 8, refuseZeroVectors: true },
      columns: [{ name: "doc_id", type: "Utf8" }],
    };
    for await (const { ipc } of source.decode("b", [{ key: "a" }], [unit], target, signal))
      expect(tableFromIPC(ipc).getChild("doc_id")?.get(0)).toBe("e0");
  });
  expect(started).toBe(1);
});

test("the dimension of a file's first vector is read without its footer, which has just been read", async () => {
  const lists = parquetBytes(sampleRows(30), { rowGroupRows: 10, layout: "list" });
  const reads: number[] = [];
  const source = new WasmParquetSource(() =>
    storeOfFile(
      () => lists,
      (_, __, end) => void reads.push(end),
    ),
  );
  const { signal } = new AbortController();
  await source.footers("b", ["a"], signal);
  expect(reads).toContain(lists.length);
  reads.length = 0;
  expect(await source.firstDimension("b", { key: "a" }, "vector", signal)).toBe(8);
  expect(reads).not.toContain(lists.length);
  await source.footers("b", ["a"], signal);
  expect(reads).toContain(lists.length);
});
