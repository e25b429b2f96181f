import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Field, List, Schema, Table, tableToIPC, Utf8 } from "apache-arrow";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SizedDecoder } from "../../lib/adapters/parquet/threads/sized-decoder.ts";
import { limits } from "../../lib/config/limits.ts";
import { type KeyedApi, openKeyedApi } from "../support/keyed-api.ts";
import { runJob } from "../support/lakehouse.ts";
import { anatomyOf } from "../support/parquet-anatomy.ts";
import { withFooterPart } from "../support/parquet-bombs.ts";
import { parquetBytes, sampleRows } from "../support/parquet-files.ts";
import { decodeFile } from "../unit/parquet/decode-file.ts";

/** API10:2023 Unsafe consumption of APIs: what others have written is read as data that may lie. */
let api: KeyedApi;
let sources: string;
beforeAll(async () => {
  api = await openKeyedApi();
  sources = join(api.root, "_testing/lies");
  await mkdir(sources, { recursive: true });
});
afterAll(() => api?.close());

let files = 0;
async function migrate(bytes: Uint8Array) {
  const name = `${files++}.parquet`;
  await writeFile(join(sources, name), bytes);
  return runJob(api.container, {
    type: "migrate",
    index: "lies",
    source: `testing/lies/${name}`,
    metric: "l2",
  });
}

/** The file with another text under a key of its metadata, which writers keep Arrow's schema under. */
function withSchemaHint(file: Uint8Array, hint: Uint8Array): Uint8Array {
  const { footer } = anatomyOf(file);
  const length = footer.numbers.find(({ path, kind }) => path === "5.0.2" && kind === "length");
  if (!length) throw new Error("there is no hint");
  const size: number[] = [];
  for (let left = hint.length; ; left >>>= 7) {
    size.push(left >= 0x80 ? (left & 0x7f) | 0x80 : left);
    if (left < 0x80) break;
  }
  const put = Buffer.concat([Uint8Array.from(size), hint]);
  return withFooterPart(file, length.start, length.end + Number(length.value), put);
}

function nested(depth: number): Uint8Array {
  let type: Utf8 | List = new Utf8();
  for (let i = 0; i < depth; i++) type = new List(new Field("item", type, true));
  const stream = tableToIPC(new Table(new Schema([new Field("doc_id", type, true)])), "stream");
  return Buffer.from(Buffer.from(stream).toString("base64"));
}

test("a file is read, or refused as one that cannot be, whatever it says of its columns' types beside their own", async () => {
  const good = parquetBytes(sampleRows(10));
  const hints: [string, Uint8Array][] = [
    ["nothing", Buffer.alloc(0)],
    ["no base64", Buffer.from("%%%%")],
    ["bytes", Buffer.from(Buffer.alloc(10_000, 0xff).toString("base64"))],
    [
      "a size without an end",
      Buffer.from(Buffer.from([255, 255, 255, 255, 255, 255, 255, 127]).toString("base64")),
    ],
    ["lists in lists", nested(30)],
    ["lists in 1,000 lists", nested(1_000)],
  ];
  for (const [name, hint] of hints) {
    const decoding = decodeFile(Uint8Array.from(withSchemaHint(good, hint)));
    const outcome = await decoding.then(
      (units) => units.length,
      ({ kind }: { kind?: string }) => kind,
    );
    expect([1, "SourceInvalid"], name).toContain(outcome);
  }
  expect(await decodeFile(good)).toHaveLength(1);
});

/** Thrift of a FileMetaData without rows, whose one column lies in so many structs. */
function structs(count: number): Uint8Array {
  const [root, group, leaf] = [
    [0x48, 1, 0x61, 0x15, 2, 0],
    [0x35, 2, 0x18, 1, 0x61, 0x15, 2, 0],
    [0x15, 2, 0x25, 2, 0x18, 1, 0x61, 0],
  ];
  const elements = count + 2;
  const list = [0x19, 0xfc, (elements & 0x7f) | 0x80, elements >> 7];
  const groups = Array.from({ length: count }, () => group).flat();
  return Uint8Array.from([0x15, 2, ...list, ...root, ...groups, ...leaf, 0x16, 0, 0x19, 0x0c, 0]);
}

function fileOf(metadata: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(metadata.length);
  return Uint8Array.from(Buffer.concat([Buffer.from("PAR1"), metadata, length, Buffer.from("PAR1")]));
}

test("a footer whose structs or lists lie in each other without an end is refused, and the next one is read", async () => {
  const files: Record<string, Uint8Array> = {
    "a.parquet": fileOf(structs(limits.maxSchemaElements - 10)),
    "b.parquet": fileOf(Buffer.concat([Uint8Array.of(0x15, 2), Buffer.alloc(1_000_000, 0xfc)])),
    "c.parquet": fileOf(Buffer.concat([Uint8Array.of(0x15, 2, 0x89), Buffer.alloc(1_000_000, 0x19)])),
    good: parquetBytes(sampleRows(10)),
  };
  const decoder = new SizedDecoder(async (file, start, end) => (files[file] as Uint8Array).slice(start, end));
  const footerOf = (file: string) =>
    decoder.ask({ ask: "footer", file, bytes: files[file]?.length ?? 0 }, limits.footerTimeoutMs);
  try {
    for (const file of Object.keys(files).filter((name) => name !== "good")) {
      await expect(footerOf(file)).rejects.toMatchObject({ kind: "SourceInvalid" });
      expect(await footerOf("good")).toMatchObject({ rows: 10 });
    }
  } finally {
    await decoder.close();
  }
});

test("names of columns and values of others are never SQL, a path or a template", async () => {
  const names = [
    "x'; DROP TABLE docs; --",
    '"',
    "$HOME",
    "{{7*7}}",
    "/etc/passwd",
    "a b",
    "%s%n",
    "<script>",
  ];
  const rows = sampleRows(10).map((row) => ({
    ...row,
    ...Object.fromEntries(names.map((name) => [name, name])),
  }));
  expect((await migrate(parquetBytes(rows))).error).toBeNull();
  for (const column of names) {
    const body = {
      vector: rows[0]?.vector,
      k: 20,
      select: [column],
      filter: { op: "eq", column, value: column },
    };
    const found = await api.ask(api.everything, "search", { path: { index: "lies" }, body });
    expect(found.status, JSON.stringify(found.body)).toBe(200);
    expect(found.body.hits.length).toBe(10);
    expect(found.body.hits[0][column]).toBe(column);
  }
});
