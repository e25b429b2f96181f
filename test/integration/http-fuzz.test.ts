import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import type { Container } from "../../lib/container.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import { cursorOf } from "../../lib/domain/search/list-cursor.ts";
import type { Operation } from "../../lib/http/operations/operation.ts";
import { operations, problem } from "../../lib/http/operations.ts";
import { apiKey, EmbeddingServer } from "../support/embedding-server.ts";
import { columnOps } from "../support/filter-ops.ts";
import { creation, embedding, fittingCreation, fullText } from "../support/fuzzed-creations.ts";
import { json, mostly, text } from "../support/fuzzed-values.ts";
import { type Handler, type HandlerName, importHandlers } from "../support/handlers.ts";
import { runJob } from "../support/lakehouse.ts";
import { sampleRows, writeParquetFile } from "../support/parquet-files.ts";

let root: string;
let providers: EmbeddingServer;
let container: Container;
let handlers: Map<HandlerName, Handler>;

/** These may name any index but the one that is read. */
const changing = [
  ...["dropIndex", "writeDocuments", "patchDocument", "patchDocuments"],
  ...["deleteDocument", "deleteDocuments"],
];
function routeKeyOf(name: string): string {
  const operation = (operations as Record<string, Operation>)[name];
  return operation ? `${operation.method.toUpperCase()} ${operation.route}` : "$default";
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "fuzz-"));
  providers = await EmbeddingServer.start();
  const declared = providers.declared("words", "dimension = 2") + providers.declaredReranker("best");
  const toml = await readFile("lakehouse.toml", "utf8");
  await writeFile(join(root, "lakehouse.toml"), toml + declared);
  const places = { DATA_ROOT: root, LAKEHOUSE_TOML: join(root, "lakehouse.toml") };
  Object.assign(process.env, { ...places, EMBEDDING_API_KEY: apiKey });
  handlers = await importHandlers();
  container = (await import("../../lib/container.ts")).container();
  await writeParquetFile(join(root, "_testing/sources/rows.parquet"), sampleRows(20, 2));
  await runJob(container, {
    type: "migrate",
    index: "rows",
    source: "testing/sources/rows.parquet",
    fullText: [{ column: "chunk_text", language: "en", stem: false }],
  });
  const columns = [{ name: "chunk_text", type: "Utf8" }];
  const embedding = { provider: "words", column: "chunk_text" };
  await createIndex(container, createRequest.parse({ name: "notes", columns, embedding }), undefined);
  const documents = ["rows of text", "the other", "d1"].map((chunk_text, i) => ({
    doc_id: `d${i}`,
    chunk_text,
  }));
  await writeDocuments(container, { index: "notes", documents, mode: "upsert", keyed: undefined }, 20_000);
});

afterAll(async () => {
  await container.close();
  for (const name of ["LAKEHOUSE_TOML", "EMBEDDING_API_KEY"]) delete process.env[name];
  await providers.stop();
  await rm(root, { recursive: true, force: true });
});

/** A valid search with some of it replaced by anything. */
const number = fc.oneof({ weight: 9, arbitrary: fc.float({ noNaN: true }) }, { weight: 1, arbitrary: json });
const leaf = fc.record(
  {
    op: fc.constantFrom(...columnOps, "not"),
    column: fc.oneof(fc.constantFrom("doc_id", "chunk_text", "vector"), text),
    value: json,
    values: fc.array(text, { maxLength: 3 }),
    prefix: text,
  },
  { requiredKeys: ["op", "column"] },
);
const filter = fc.oneof(
  leaf,
  fc.record({ op: fc.constantFrom("and", "or"), filters: fc.array(leaf, { maxLength: 3 }) }),
  text.map((value) => ({ op: "eq", column: "chunk_text", value })),
);
const textLeaf = fc.record(
  {
    op: fc.constantFrom("match", "phrase"),
    query: fc.oneof(text, fc.constantFrom("rows of text", "the", "!")),
    columns: mostly(fc.constantFrom(["chunk_text"], ["doc_id"])),
    operator: fc.constantFrom("and", "or", "xor"),
    fuzziness: fc.constantFrom(0, 1, 2, 3, "auto"),
    boost: mostly(fc.double({ min: 0, max: 10 })),
    slop: mostly(fc.nat(200)),
  },
  { requiredKeys: ["op", "query"] },
);
const beginning = fc.record(
  {
    op: fc.constant("prefix"),
    query: fc.oneof(text, fc.constantFrom("ro", "TH", "!", "o ")),
    columns: mostly(fc.constantFrom(["chunk_text"], ["doc_id"], [])),
    maxExpansions: mostly(fc.nat(300)),
    boost: mostly(fc.double({ min: 0, max: 10 })),
  },
  { requiredKeys: ["op", "query"] },
);
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 8 },
    textLeaf,
    beginning,
    fc.record(
      {
        op: fc.constant("boolean"),
        must: fc.array(tie("tree"), { maxLength: 3 }),
        should: fc.array(tie("tree"), { maxLength: 3 }),
        mustNot: fc.array(tie("tree"), { maxLength: 2 }),
      },
      { requiredKeys: ["op"] },
    ),
    fc.record({
      op: fc.constant("boost"),
      positive: tie("tree"),
      negative: tie("tree"),
      negativeBoost: mostly(fc.double({ min: 0, max: 1 })),
    }),
  ),
}));
const textual = fc.record(
  {
    text: fc.oneof(text, mostly(tree)),
    legs: fc.constantFrom(undefined, undefined, ["text"], ["vector"], ["text", "vector"], []),
    highlight: mostly(
      fc.oneof(
        fc.boolean(),
        fc.record(
          {
            columns: mostly(fc.constantFrom(["chunk_text"], ["doc_id"], [])),
            fragments: mostly(fc.nat(6)),
            fragmentLength: mostly(fc.constantFrom(20, 21, 150, 500, 501)),
          },
          { requiredKeys: [] },
        ),
      ),
    ),
    hybrid: mostly(
      fc.record(
        {
          fusion: fc.constantFrom("rrf", "weighted"),
          rrfK: mostly(fc.nat(100)),
          weights: mostly(fc.record({ vector: fc.nat(3), text: fc.nat(3) })),
          candidates: mostly(fc.nat(200)),
        },
        { requiredKeys: [] },
      ),
    ),
    offset: mostly(fc.nat(40)),
    cursor: fc.oneof({ weight: 1, arbitrary: text }, { weight: 9, arbitrary: fc.constant(undefined) }),
    count: mostly(fc.boolean()),
    distanceRange: fc.constantFrom(undefined, undefined, { max: 3 }, { min: 1, max: 2 }),
  },
  { requiredKeys: ["text"] },
);
const rerank = fc.record(
  {
    provider: mostly(fc.constant("best")),
    column: mostly(fc.constantFrom("chunk_text", "doc_id")),
    query: fc.oneof(text, fc.constant("rows of text")),
    candidates: mostly(fc.integer({ min: 1, max: 100 })),
    optional: mostly(fc.boolean()),
  },
  { requiredKeys: ["provider", "column"] },
);
const edge = mostly(fc.double({ min: -1, max: 5, noNaN: true }));
const distanceRange = fc.record({ min: edge, max: edge }, { requiredKeys: [] });
const asOf = fc.oneof(
  { weight: 9, arbitrary: fc.constant(undefined) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(1, 4, 1_000, "g1.4", "g9.1", "2001-01-01T00:00:00Z", "2999-01-01T00:00:00Z"),
  },
  { weight: 1, arbitrary: json },
);
const nearest = fc.record(
  {
    vector: fc.oneof({ weight: 5, arbitrary: fc.tuple(number, number) }, { weight: 1, arbitrary: json }),
    k: mostly(fc.integer({ min: 1, max: 30 })),
    filter,
    select: mostly(fc.subarray(["doc_id", "chunk_text", "vector"])),
    nprobes: mostly(fc.integer({ min: 1, max: 100 })),
    refineFactor: mostly(fc.integer({ min: 1, max: 300 })),
    consistency: fc.constantFrom("strong", "eventual", "weak"),
    minVersion: fc.constantFrom(undefined, undefined, 1, 2, 1_000),
    asOf,
    offset: mostly(fc.nat(40)),
    cursor: fc.oneof({ weight: 1, arbitrary: text }, { weight: 9, arbitrary: fc.constant(undefined) }),
    count: mostly(fc.boolean()),
    explain: mostly(fc.boolean()),
    facets: mostly(fc.constantFrom([{ column: "chunk_text" }], [{ column: "doc_id", limit: 3 }])),
    exact: mostly(fc.boolean()),
    distanceRange: mostly(distanceRange),
    rerank: mostly(rerank),
  },
  { requiredKeys: ["vector"] },
);
const alike = fc
  .tuple(nearest, fc.oneof(fc.constantFrom("d1", "d2", "nobody"), text), mostly(fc.boolean()))
  .map(([{ vector: _, ...near }, docId, includeSelf]) => ({ ...near, docId, includeSelf }));
/** Searches that an index has an answer for, so that many of them come as far as one. */
const fittingSearch = fc
  .record(
    {
      vector: fc.tuple(
        fc.double({ min: -10, max: 10, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
      ),
      text: fc.constantFrom("rows of text", "the", { op: "match", query: "row", columns: ["chunk_text"] }),
      k: fc.integer({ min: 1, max: 30 }),
      filter: fc.constantFrom(
        { op: "exists", column: "doc_id" },
        { op: "eq", column: "doc_id", value: "d1" },
      ),
      select: fc.subarray(["doc_id", "chunk_text", "vector"]),
      consistency: fc.constantFrom("strong", "eventual"),
      count: fc.boolean(),
      offset: fc.nat(20),
      facets: fc.constantFrom([{ column: "chunk_text" }], [{ column: "doc_id", limit: 3 }]),
    },
    { requiredKeys: [] },
  )
  .filter((asked) => asked.vector !== undefined || asked.text !== undefined);
const fittingRange = fc
  .record(
    {
      docId: fc.constantFrom("d1", "d2", "nobody"),
      includeSelf: fc.boolean(),
      exact: fc.constant(true),
      distanceRange: fc.constantFrom({ max: 0.5 }, { min: 0, max: 2 }, { min: 0.1 }),
    },
    { requiredKeys: ["docId"] },
  )
  .map((asked) => ({ k: 5, ...asked }));
const fittingRerank = fc.record(
  {
    vector: fc.constant([1, 0.5]),
    rerank: fc.record(
      {
        provider: fc.constant("best"),
        column: fc.constantFrom("chunk_text", "doc_id"),
        query: fc.constantFrom("rows", "text 3"),
        candidates: fc.integer({ min: 5, max: 100 }),
        optional: fc.boolean(),
      },
      { requiredKeys: ["provider", "column", "query"] },
    ),
    k: fc.integer({ min: 1, max: 5 }),
    select: fc.subarray(["doc_id", "chunk_text", "vector"]),
  },
  { requiredKeys: ["vector", "rerank"] },
);
const ofMany = fc.oneof(
  { weight: 4, arbitrary: fittingRange },
  {
    weight: 4,
    arbitrary: fc.constantFrom({ text: "rows of text" }, { vector: [1, 0.5] }, { text: "d1", k: 2 }),
  },
  { weight: 1, arbitrary: fc.oneof(nearest, textual, alike, json) },
);
const queries = fc.record(
  {
    queries: fc.oneof(
      { weight: 9, arbitrary: fc.array(ofMany, { minLength: 1, maxLength: 4 }) },
      {
        weight: 1,
        arbitrary: fc.oneof(
          json,
          ofMany.map((one) => Array(65).fill(one)),
        ),
      },
    ),
    k: fc.integer({ min: 1, max: 30 }),
    select: fc.subarray(["doc_id", "chunk_text"]),
    consistency: fc.constantFrom("strong", "eventual"),
  },
  { requiredKeys: ["queries"] },
);
const groupBy = mostly(
  fc.record(
    {
      column: fc.oneof(fc.constantFrom("chunk_text", "doc_id", "vector"), text),
      limit: mostly(fc.integer({ min: 0, max: 110 })),
      size: mostly(fc.integer({ min: 0, max: 12 })),
    },
    { requiredKeys: ["column"] },
  ),
);
const fittingGroups = fc.record({
  vector: fc.tuple(fc.float({ min: -9, max: 9, noNaN: true }), fc.constant(1)),
  groupBy: fc.record({
    column: fc.constantFrom("chunk_text", "doc_id"),
    limit: fc.integer({ min: 1, max: 20 }),
  }),
  explain: fc.boolean(),
});
const inGroups = fc
  .tuple(fc.oneof(nearest, textual), groupBy)
  .map(([one, by]) => ({ ...one, groupBy: by, k: undefined, offset: undefined }));
const search = fc.oneof(
  { weight: 4, arbitrary: fc.oneof(fittingRange, fittingRerank, queries) },
  { weight: 1, arbitrary: fc.oneof(alike, queries) },
  { weight: 2, arbitrary: fittingSearch },
  { weight: 1, arbitrary: fittingGroups },
  { weight: 1, arbitrary: inGroups },
  { weight: 3, arbitrary: nearest },
  { weight: 1, arbitrary: textual },
  { weight: 1, arbitrary: fc.tuple(nearest, textual).map(([near, words]) => ({ ...near, ...words })) },
);
const batch = fc.record(
  {
    ids: mostly(fc.array(fc.oneof(fc.constantFrom("d1", "d2"), text), { maxLength: 5 })),
    select: mostly(fc.subarray(["doc_id", "chunk_text", "vector"])),
    consistency: fc.constantFrom("strong", "eventual", "weak"),
  },
  { requiredKeys: ["ids"] },
);
/** That lead to versions and rows there are, and to others. */
const cursors = await Promise.all(
  [1, 2, 3, 4, 5, 1_000].flatMap((version) =>
    [0, 5, limits.maxListOffset].flatMap((offset) =>
      ["g1", "g0"].map((generation) => cursorOf({ generation, version, offset }, "rows")),
    ),
  ),
);
const column = fc.oneof(fc.constantFrom("doc_id", "chunk_text", "vector"), text);
const query = fc.record(
  {
    filter,
    orderBy: mostly(
      fc.array(fc.record({ column, direction: mostly(fc.constantFrom("asc", "desc")) }), { maxLength: 5 }),
    ),
    facets: mostly(
      fc.array(fc.record({ column, limit: mostly(fc.integer({ min: 0, max: 120 })) }), { maxLength: 5 }),
    ),
    count: mostly(fc.boolean()),
    limit: mostly(fc.integer({ min: 0, max: 30 })),
    offset: mostly(fc.nat(12_000)),
    cursor: fc.oneof(fc.constantFrom(...cursors), text),
    select: mostly(fc.subarray(["doc_id", "chunk_text", "vector"])),
    consistency: fc.constantFrom("strong", "eventual"),
  },
  { requiredKeys: [] },
);
const fittingQuery = fc.record(
  {
    orderBy: fc.constantFrom([{ column: "chunk_text" }], [{ column: "doc_id", direction: "desc" }]),
    facets: fc.constantFrom([{ column: "chunk_text" }], [{ column: "doc_id", limit: 3 }]),
    count: fc.boolean(),
    explain: fc.boolean(),
    limit: fc.nat(30),
  },
  { requiredKeys: [] },
);
const recall = fc.record(
  {
    k: mostly(fc.integer({ min: 0, max: 120 })),
    queries: mostly(fc.integer({ min: 0, max: 30 })),
    vectors: mostly(fc.array(fc.tuple(number, number), { maxLength: 4 })),
    filter: mostly(fc.oneof(filter, fc.constant(undefined))),
    nprobes: mostly(fc.integer({ min: 1, max: 100 })),
    refineFactor: mostly(fc.integer({ min: 1, max: 300 })),
    consistency: fc.constantFrom("strong", "eventual"),
    minVersion: fc.constantFrom(undefined, undefined, 1, 1_000),
    asOf,
  },
  { requiredKeys: [] },
);
const fittingRecall = fc.record(
  { k: fc.integer({ min: 1, max: 100 }), queries: fc.integer({ min: 1, max: 30 }) },
  { requiredKeys: [] },
);
const change = fc.record({
  maxStalenessMs: mostly(fc.integer({ min: 0, max: 3_600_000 })),
  retentionDays: mostly(fc.double({ min: 0.1, max: 365, noNaN: true })),
  upkeep: mostly(fc.record({ rows: fc.integer({ min: 1, max: 200_000 }) })),
});
const goingOn = fc.record({ cursor: fc.constantFrom(...cursors) });
const listing = fc.record(
  {
    limit: fc.oneof(fc.nat(1_100).map(String), text),
    filter: fc.oneof(
      mostly(filter).map((value) => JSON.stringify(value)),
      text,
    ),
    select: fc.oneof(fc.constantFrom("vector", "doc_id,chunk_text"), text),
    consistency: fc.constantFrom("strong", "eventual", "weak"),
    minVersion: fc.constantFrom("1", "1000", "x"),
    asOf: asOf.map((one) => String(one ?? 1)),
    cursor: fc.oneof(fc.constantFrom(...cursors), text),
  },
  { requiredKeys: [] },
);
const jobs = fc.record(
  {
    type: fc.constantFrom("migrate", "build-index", "optimize"),
    index: fc.oneof(fc.constantFrom("rows", "new"), text),
    source: fc.oneof(fc.constant("nowhere/x"), text),
    metric: fc.oneof(fc.constant("l2"), text),
    indexParameters: json,
    workers: json,
    fullText: mostly(fullText),
    embedding: mostly(embedding),
  },
  { requiredKeys: ["type", "source"] },
);

/** What is large in one way or another, at most a megabyte. */
const manyFields = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 1]));
const large = [
  "[".repeat(1_000_000),
  `{"filter":${'{"op":"not","filter":'.repeat(40_000)}`,
  `{"vector":[1,2],"select":[${"1,".repeat(60_000)}1]}`,
  JSON.stringify(manyFields(60_000)),
  JSON.stringify({ type: "optimize", index: "rows", ...manyFields(6_000) }),
  JSON.stringify({ vector: new Array(16_384).fill("x") }),
  JSON.stringify({ vector: [1, 2], select: new Array(256).fill("x".repeat(256)) }),
  JSON.stringify({ ["x".repeat(500_000)]: 1, index: "x".repeat(400_000) }),
];

const body = fc.oneof(
  { weight: 20, arbitrary: search.map((value) => JSON.stringify(value)) },
  { weight: 5, arbitrary: fc.oneof(search, search, jobs, json).map((value) => JSON.stringify(value)) },
  { weight: 5, arbitrary: text },
  { weight: 5, arbitrary: fc.constantFrom(undefined, null, "null", "[]", "{}", "1", '""', "{") },
  { weight: 1, arbitrary: fc.constantFrom(...large) },
);
const someOf = (names: string[]) =>
  fc.option(
    fc.dictionary(fc.oneof(fc.constantFrom(...names), text), text, { maxKeys: 4, noNullPrototype: true }),
    {
      nil: undefined,
    },
  );
const known: Record<string, fc.Arbitrary<string>> = {
  index: fc.constantFrom("rows", "rows", "notes"),
  docId: fc.oneof(fc.constantFrom("d1", "d2", "nobody"), text),
  id: fc.oneof(fc.constant("nobody"), text),
};
/** Mostly what the route has, now and then anything. */
const pathOf = (name: string) => {
  const parameters = Object.keys((operations as Record<string, Operation>)[name]?.path.shape ?? {});
  const own = parameters.map((key) => [
    key,
    key === "index" && changing.includes(name) ? text.filter((one) => one !== "rows") : known[key],
  ]);
  const anything = someOf(["docId", "id", ...(changing.includes(name) ? [] : ["index"])]);
  return fc.oneof(
    { weight: 6, arbitrary: fc.record(Object.fromEntries(own) as Record<string, fc.Arbitrary<string>>) },
    { weight: 1, arbitrary: anything },
  );
};
/** Mostly what the route takes, now and then anything. */
const bodyOf = (name: string) => {
  const takesOne = (operations as Record<string, Operation>)[name]?.body !== undefined;
  const own = {
    fetchDocuments: batch,
    changeIndex: change,
    createIndex: fc.oneof(creation, fittingCreation),
    queryDocuments: fc.oneof(query, fittingQuery),
    measureRecall: fc.oneof(recall, fittingRecall),
  }[name];
  const fitting = own ? (own as fc.Arbitrary<object>).map((value) => JSON.stringify(value)) : body;
  const arbitrary = takesOne ? fitting : fc.constant(undefined);
  return fc.oneof({ weight: 4, arbitrary }, { weight: 1, arbitrary: body });
};
const eventOf = (name: string) =>
  fc.record({
    body: fc.tuple(bodyOf(name), fc.boolean()).map(([given, encoded]) => ({ given, encoded })),
    pathParameters: pathOf(name),
    queryStringParameters: fc.oneof<fc.MaybeWeightedArbitrary<unknown>[]>(
      {
        weight: 4,
        arbitrary: name === "listDocuments" ? fc.oneof(listing, goingOn) : fc.constant(undefined),
      },
      { weight: 1, arbitrary: someOf(["select", "limit", "cursor", "consistency", "minVersion", "filter"]) },
    ),
    headers: fc.oneof(
      { weight: 5, arbitrary: fc.constant({ "Content-Type": "application/json" }) },
      { weight: 1, arbitrary: someOf(["content-type", "x-correlation-id", "Idempotency-Key"]) },
    ),
  });

const waysToSearch = ["queries", "docId", "exact", "distanceRange", "rerank", "text", "fullText"];

/** Which of them a body asks for. */
const waysOf = (given: string | null | undefined) =>
  waysToSearch.filter((name) => given?.startsWith("{") && given.includes(`"${name}":`));

const context = { awsRequestId: "fuzz", getRemainingTimeInMillis: () => 29_000 } as never;

test("whatever is sent, a handler answers as its contract says, and never with a fault of ours", async () => {
  const statuses: Record<string, number> = {};
  const ways: Record<string, number> = {};
  const names = [
    ...Object.keys(operations),
    ...Array<string>(6).fill("search"),
    "fetchDocument",
    "fetchDocuments",
    "listDocuments",
    "listDocuments",
    "listDocuments",
    "queryDocuments",
    "queryDocuments",
    "measureRecall",
    "startJob",
    "createIndex",
    "notFound",
  ];
  const request = fc.constantFrom(...names).chain((name) => fc.tuple(fc.constant(name), eventOf(name)));
  await fc.assert(
    fc.asyncProperty(request, async ([name, { body, ...rest }]) => {
      const { given, encoded } = body;
      const sent = encoded && given ? Buffer.from(given).toString("base64") : given;
      const routeKey = routeKeyOf(name);
      const asked = { ...structuredClone(rest), routeKey, body: sent, isBase64Encoded: encoded };
      const answer = await (handlers.get(name as HandlerName) as Handler)(asked as never, context);
      expect(answer.body.length).toBeLessThan(answer.statusCode < 400 ? limits.maxAnswerBytes : 40_000);
      const parsed = answer.body ? JSON.parse(answer.body) : undefined;
      const seen = `${name} ${answer.statusCode}`;
      for (const one of waysOf(given)) if (answer.statusCode < 300) ways[one] = (ways[one] ?? 0) + 1;
      statuses[seen] = (statuses[seen] ?? 0) + 1;
      expect(answer.statusCode, answer.body).toBeLessThan(500);
      if (answer.statusCode >= 400) expect(problem.parse(parsed).status).toBe(answer.statusCode);
      else (operations as Record<string, Operation>)[name]?.response?.parse(parsed);
    }),
    { numRuns: 4_000 },
  );
  for (const seen of [
    "search 200",
    "search 400",
    "search 415",
    "fetchDocument 200",
    "fetchDocument 404",
    "fetchDocuments 200",
    "listDocuments 200",
    "listDocuments 400",
    "listDocuments 410",
    "queryDocuments 200",
    "queryDocuments 400",
    "measureRecall 200",
    "measureRecall 400",
    "getIndex 200",
    "listVersions 200",
    "warmIndex 200",
  ])
    expect(statuses[seen], seen).toBeGreaterThan(10);
  for (const one of waysToSearch) expect(ways[one], one).toBeGreaterThan(0);
}, 180_000); // 4,000 requests, on a machine that has other work, too
