import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Field,
  FixedSizeList,
  Float32,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import { HttpClient } from "../support/http-client.ts";
import { type OfflineApi, startOffline } from "../support/offline-server.ts";
import { tableBytes } from "../support/parquet-files.ts";

/** Whatever loads can be named, fetched, filtered and selected, byte for byte: through HTTP, on a real LanceDB. */
let root: string;
let api: OfflineApi;
let http: HttpClient;
let tables = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hostile-"));
  await mkdir(join(root, "source"));
  const toml = join(root, "lakehouse.toml");
  const source = `[[storage.buckets]]\nname = "source"\npath = ${JSON.stringify(join(root, "source"))}\n`;
  await writeFile(
    toml,
    `[storage]\ndata_root = ${JSON.stringify(root)}\n[[storage.buckets]]\nname = "primary"\n${source}`,
  );
  api = await startOffline({ LAKEHOUSE_TOML: toml });
  http = new HttpClient(api.url);
});

afterAll(async () => {
  await api?.stop();
  await rm(root, { recursive: true, force: true });
});

const pieces = [
  ...[
    "\ufeff",
    "\0",
    "'",
    '"',
    "`",
    "%",
    "%2F",
    "%00",
    "/",
    "\\",
    ".",
    "..",
    ",",
    "[",
    "]",
    "{",
    "}",
    "&",
    "?",
    "#",
    "+",
    " ",
  ],
  ...[
    "\n",
    "\t",
    "\u202e",
    "\u200b",
    "e\u0301",
    "é",
    "😀",
    "🇩🇪",
    "\uffff",
    "\u{10ffff}",
    "a",
    "A",
    "_",
    "-",
    ";",
    "*",
    "$",
    "(",
    ":",
    "0",
  ],
];
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.string({ unit: fc.constantFrom(...pieces), maxLength: 12 }),
  fc.constantFrom(
    "__proto__",
    "constructor",
    "toString",
    "\ufeff",
    ".",
    "..",
    "null",
    "doc_id",
    "batch-get",
    "%",
    "/",
    "//",
  ),
);
/** As long as it may be, in characters that a URL writes as nine. */
const longest = text.map((start) =>
  `${start}${"語".repeat(limits.maxDocIdLength)}`.slice(0, limits.maxDocIdLength),
);
const ids = fc.uniqueArray(
  fc.oneof(
    { weight: 19, arbitrary: text.filter((id) => id !== "") },
    longest.filter((id) => id.isWellFormed()),
  ),
  { minLength: 20, maxLength: 20 },
);

const ours = /^(_.*|distance|score|doc_id|vector)$/i;
const name = fc
  .oneof({ weight: 9, arbitrary: text }, longest)
  .filter(
    (one) => one !== "" && one !== "*" && one.isWellFormed() && !/[`.\p{Cc}]/u.test(one) && !ours.test(one),
  );
const names = fc.uniqueArray(name, { minLength: 5, maxLength: 5 });

interface Loaded {
  ids: string[];
  names: string[];
  /** By row, then column. */
  texts: string[][];
}

const loaded: fc.Arbitrary<Loaded> = fc.record({
  ids,
  names,
  texts: fc.array(fc.array(text, { minLength: 5, maxLength: 5 }), { minLength: 20, maxLength: 20 }),
});

const vectorOf = (row: number) => [row, 1];

function parquetOf({ ids: docIds, names: columns, texts }: Loaded): Uint8Array {
  const list = new FixedSizeList(2, new Field("item", new Float32(), true));
  const values = [
    { name: "doc_id", type: new Utf8(), values: docIds },
    ...columns.map((column, i) => ({ name: column, type: new Utf8(), values: texts.map((row) => row[i]) })),
    { name: "vector", type: list, values: docIds.map((_, row) => vectorOf(row)) },
  ];
  const children = values.map(({ type, values: some }) => vectorFromArray(some, type).data[0] as never);
  const schema = new Schema(
    values.map(({ name: column, type }) => new Field<Utf8 | typeof list>(column, type, true)),
  );
  const struct = makeData({ type: new Struct(schema.fields), length: docIds.length, nullCount: 0, children });
  return tableBytes(new Table([new RecordBatch(schema, struct)]));
}

/** @returns the name of the index */
async function load(what: Loaded): Promise<string> {
  const index = `t${tables++}`;
  await writeFile(join(root, "source", `${index}.parquet`), parquetOf(what));
  await http.migrate(index, `source/${index}.parquet`, {
    metric: "l2",
    idColumn: "doc_id",
    vectorColumn: "vector",
  });
  return index;
}

/** The documents as they have to be answered. */
const documentsOf = ({ ids: docIds, names: columns, texts }: Loaded) =>
  docIds.map((doc_id, row) => ({
    ...Object.fromEntries(columns.map((column, i) => [column, texts[row]?.[i]])),
    doc_id,
  }));

/** No client sends these as a segment of a path: they are a URL's own syntax. */
const isOfUrls = (id: string) => id === "." || id === "..";

async function expectFetched(index: string, documents: { doc_id: string }[]): Promise<void> {
  const asked = documents.map(({ doc_id }) => doc_id).reverse();
  const { body } = await http.call("fetchDocuments", { index }, { body: { ids: [...asked, "nobody's"] } });
  expect(body).toEqual({ documents: documents.toReversed(), missing: ["nobody's"] });
  for (const document of documents.filter(({ doc_id }) => !isOfUrls(doc_id))) {
    const one = await http.call("fetchDocument", { index, docId: document.doc_id });
    expect(one.body, JSON.stringify(document.doc_id)).toEqual(document);
  }
}

async function expectFound(index: string, what: Loaded, documents: { doc_id: string }[]): Promise<void> {
  for (const [row, document] of documents.entries()) {
    const { body } = await http.search(index, { vector: vectorOf(row), k: 1 });
    expect(body.hits).toEqual([{ ...document, distance: 0, score: 1 }]);
    const byId = { op: "eq", column: "doc_id", value: document.doc_id };
    const found = await http.search(index, { vector: vectorOf(0), filter: byId, select: what.names });
    expect(found.body.hits).toMatchObject([document]);
  }
}

async function expectFiltered(index: string, { names: columns, texts, ids: docIds }: Loaded): Promise<void> {
  for (const [i, column] of columns.entries()) {
    const value = texts[i]?.[i] ?? "";
    const prefix = Array.from(value)[0] ?? "";
    const matching = (matches: (one: string) => boolean) =>
      docIds.filter((_, row) => matches(texts[row]?.[i] ?? "")).sort();
    const idsBy = async (filter: object) => {
      const { body } = await http.search(index, { vector: vectorOf(0), k: 20, filter, select: [column] });
      return body.hits.map(({ doc_id }: { doc_id: string }) => doc_id).sort();
    };
    expect(await idsBy({ op: "eq", column, value })).toEqual(matching((one) => one === value));
    if (prefix)
      expect(await idsBy({ op: "like-prefix", column, prefix })).toEqual(
        matching((one) => one.startsWith(prefix)),
      );
    const query = `?select=${encodeURIComponent(JSON.stringify([column]))}`;
    const docId = docIds.find((id) => !isOfUrls(id)) ?? "";
    const { body } = await http.call("fetchDocument", { index, docId }, { query });
    expect(body).toEqual({ doc_id: docId, [column]: texts[docIds.indexOf(docId)]?.[i] });
  }
}

test("whatever loads is named, fetched, filtered and selected, byte for byte", async () => {
  await fc.assert(
    fc.asyncProperty(loaded, async (what) => {
      const index = await load(what);
      const documents = documentsOf(what);
      await expectFetched(index, documents);
      await expectFound(index, what, documents);
      await expectFiltered(index, what);
    }),
    { numRuns: 3, endOnFailure: true },
  );
}, 120_000);
