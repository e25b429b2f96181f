import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import type { Grant } from "../../lib/domain/access/grants.ts";
import { KeyRegistry } from "../../lib/domain/access/key-registry.ts";
import type { Operation } from "../../lib/http/operations/operation.ts";
import { type OperationName, operations } from "../../lib/http/operations.ts";
import { type Handler, type HandlerName, importHandlers } from "../support/handlers.ts";

/**
 * One tenant asks two indexes, in which its own rows are the same and another tenant's are not: whatever it asks, both
 * answer the same. Of numbers that count commits, versions, this is not so, nor of times; they are left out.
 */
let root: string;
let container: Container;
let handlers: Map<HandlerName, Handler>;
const keys = { a: "", b: "", root: "" };

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "tenants-"));
  process.env["DATA_ROOT"] = root;
  process.env["LAKEHOUSE_AUTH"] = "keys";
  handlers = await importHandlers();
  container = (await import("../../lib/container.ts")).container();
  const registry = new KeyRegistry(container.stores("primary"), container.clock);
  const own: Grant = { actions: ["search", "read", "write"], indexes: ["world-*"], buckets: [] };
  const everything: Grant = { actions: [...own.actions, "jobs", "admin"], indexes: ["*"], buckets: ["*"] };
  for (const value of ["a", "b"] as const) {
    const filter = { op: "eq", column: "tenant", value } as const;
    keys[value] = (await registry.create({ name: value, grants: [own], filter })).key;
  }
  keys.root = (await registry.create({ name: "root", grants: [everything] })).key;
});

afterAll(async () => {
  delete process.env["LAKEHOUSE_AUTH"];
  await container.close();
  await rm(root, { recursive: true, force: true });
});

interface Sent {
  path?: Record<string, string>;
  query?: Record<string, string>;
  body?: unknown;
  headers?: Record<string, string>;
}

const context = { awsRequestId: "tenants", getRemainingTimeInMillis: () => 29_000 } as never;

interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever is answered is compared
  body: any;
}

async function ask(key: string, name: OperationName, sent: Sent = {}): Promise<Answer> {
  const { method, route, path }: Operation = operations[name];
  const own = Object.entries(sent.path ?? {}).filter(([parameter]) => parameter in path.shape);
  const event = {
    routeKey: `${method.toUpperCase()} ${route}`,
    pathParameters: Object.fromEntries(own),
    queryStringParameters: sent.query,
    headers: { "content-type": "application/json", "x-api-key": key, ...sent.headers },
    body: sent.body === undefined ? undefined : JSON.stringify(sent.body),
  };
  const answer = await (handlers.get(name) as Handler)(event as never, context);
  expect(answer.headers).not.toHaveProperty("x-cost");
  return { status: answer.statusCode, body: answer.body ? JSON.parse(answer.body) : undefined };
}

/** Counts of commits and times, and names of the two indexes. */
const leftOut = new Set([
  "uptimeSeconds",
  "version",
  "openMs",
  "searchMs",
  "queryMs",
  "ms",
  "startMs",
  "totalMs",
  "viewAgeMs",
  "next",
  "instance",
  "cache",
]);

function comparable(value: unknown): unknown {
  const text = JSON.stringify(value ?? null, (name, one) => (leftOut.has(name) ? typeof one : one));
  return JSON.parse(text.replaceAll(/world-\d+-[xy]/g, "world"));
}

/** All pages, as their order is that of files which all tenants share. */
async function listAll(key: string, index: string, query: Record<string, string>) {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  const documents: any[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await ask(key, "listDocuments", {
      path: { index },
      query: { ...query, ...(cursor ? { cursor } : {}) },
    });
    if (page.status !== 200) return comparable(page);
    documents.push(...page.body.documents);
    if (page.body.next === null) return documents.map((one) => JSON.stringify(one)).sort();
    cursor = page.body.next;
  }
}

const coordinate = fc.integer({ min: 1, max: 1_000_000 }).map((one) => Math.fround(one / 1_000_000));
const vector = fc.tuple(coordinate, coordinate, coordinate);
/** The tenant's own, the other's, those that were there before there were tenants, and none. */
const id = fc.oneof(
  { weight: 4, arbitrary: fc.nat(5).map((n) => `a:${n}`) },
  { weight: 3, arbitrary: fc.nat(5).map((n) => `b:${n}`) },
  { weight: 3, arbitrary: fc.nat(5).map((n) => `old${n}`) },
  { weight: 1, arbitrary: fc.constantFrom("a", "A:1", "a:", "zzz") },
);
const size = fc.nat(3);
const tenant = fc.oneof(
  { weight: 4, arbitrary: fc.constant("a") },
  { weight: 1, arbitrary: fc.constantFrom("b", "b", null, "") },
);
const words = fc
  .array(fc.constantFrom("fox", "dog", "foxes", "quick", "lazy"), { minLength: 1, maxLength: 4 })
  .map((some) => some.join(" "));
const wordTree = fc.oneof(
  fc.record({ op: fc.constant("phrase"), query: words }),
  fc.record({
    op: fc.constant("match"),
    query: words,
    operator: fc.constantFrom("and", "or"),
    fuzziness: fc.constantFrom(0, 1),
  }),
);
const document = fc.record(
  { doc_id: id, vector, tenant, size, words },
  { requiredKeys: ["doc_id", "vector", "tenant"] },
);
const ownDocument = fc.record({
  doc_id: fc.constantFrom("a:0", "a:1", "a:2", "a:3", "old0", "old2"),
  vector,
  tenant: fc.constant("a"),
  size,
  words,
});
const several = <T extends { doc_id: string }>(one: fc.Arbitrary<T>) =>
  fc.uniqueArray(one, { minLength: 1, maxLength: 3, selector: ({ doc_id }) => doc_id });
const given = fc.oneof<fc.Arbitrary<{ doc_id: string }[]>[]>(several(document), several(ownDocument));
const leaf = fc.oneof(
  size.map((value) => ({ op: "lte", column: "size", value })),
  fc.constantFrom("a", "b").map((value) => ({ op: "eq", column: "tenant", value })),
  fc.constantFrom("a", "b").map((value) => ({ op: "ne", column: "tenant", value })),
  fc.array(id, { minLength: 1, maxLength: 3 }).map((values) => ({ op: "in", column: "doc_id", values })),
  fc.constant({ op: "is_null", column: "size" }),
  fc.constant({ op: "eq", column: "nothing", value: 1 }),
);
const filter = fc.oneof(
  leaf,
  leaf.map((one) => ({ op: "not", filter: one })),
  fc
    .tuple(fc.constantFrom("and", "or"), fc.array(leaf, { minLength: 1, maxLength: 3 }))
    .map(([op, filters]) => ({ op, filters })),
);
const set = fc.record({ size, tenant }, { requiredKeys: [] });
const key = fc.option(fc.constantFrom("k1", "k2"), { nil: undefined });
const select = fc.constantFrom(undefined, "doc_id,size", "vector,tenant", "nothing");

const explain = fc.constantFrom<Record<string, string>>({}, {}, {}, { "x-explain-cost": "true" });

/** Of all fields together few searches have such as go with one another: of these each does. */
const fittingSearch = fc
  .record(
    {
      vector,
      groupBy: fc.constantFrom(undefined, { column: "size", limit: 2 }, { column: "tenant" }),
      explain: fc.constantFrom(undefined, true),
      consistency: fc.constant("strong"),
    },
    { requiredKeys: ["vector", "consistency"] },
  )
  .map((body) => ({ body }));

/** What the tenant may send, by the names of all routes. */
const asked: Record<string, fc.Arbitrary<Sent>> = {
  search: fc.oneof<fc.Arbitrary<Sent>[]>(
    fittingSearch,
    fc
      .record(
        {
          vector,
          k: fc.integer({ min: 1, max: 20 }),
          filter,
          consistency: fc.constant("strong"),
          select: fc.constantFrom(["size"], ["vector"]),
          exact: fc.boolean(),
          distanceRange: fc.constantFrom({ max: 0.5 }, { min: 0.1 }, { min: 0.1, max: 0.7 }),
          docId: fc.option(id, { nil: undefined }),
          offset: fc.nat(4),
          count: fc.constant(true),
          facets: fc.constantFrom([{ column: "tenant" }], [{ column: "doc_id", limit: 2 }]),
          text: fc.option(fc.oneof(words, wordTree), { nil: undefined }),
          legs: fc.constantFrom(undefined, undefined, ["text"]),
          groupBy: fc.constantFrom(undefined, undefined, { column: "size", limit: 2 }, { column: "tenant" }),
          explain: fc.constant(true),
        },
        { requiredKeys: ["vector", "consistency"] },
      )
      .map(({ docId, vector: own, ...asked }) => {
        const { k: _, offset: __, ...inGroups } = asked;
        return { docId, own, more: asked.groupBy ? inGroups : asked } as const;
      })
      .map(({ docId, own, more }) => ({
        body:
          docId && "k" in more && more.k === 7
            ? { ...more, queries: [{ vector: own }, { docId }] }
            : { ...more, ...(docId ? { docId } : { vector: own }) },
      })),
  ),
  queryDocuments: fc
    .record(
      {
        filter,
        orderBy: fc.constantFrom(
          [{ column: "size" }],
          [{ column: "size", direction: "desc" }, { column: "tenant" }],
        ),
        limit: fc.constantFrom(0, 2, 100),
        offset: fc.nat(3),
        count: fc.constant(true),
        facets: fc.constantFrom([{ column: "tenant" }], [{ column: "size", limit: 1 }, { column: "doc_id" }]),
        consistency: fc.constant("strong"),
        explain: fc.constant(true),
      },
      { requiredKeys: ["orderBy", "consistency"] },
    )
    .map((body) => ({ body })),
  measureRecall: fc
    .record(
      {
        k: fc.integer({ min: 1, max: 20 }),
        queries: fc.integer({ min: 1, max: 20 }),
        filter,
        consistency: fc.constant("strong"),
      },
      { requiredKeys: ["k", "consistency"] },
    )
    .map((body) => ({ body })),
  fetchDocument: id.map((docId) => ({ path: { docId }, query: { consistency: "strong" } })),
  fetchDocuments: fc
    .array(id, { minLength: 1, maxLength: 5 })
    .map((ids) => ({ body: { ids, consistency: "strong" } })),
  writeDocuments: fc.tuple(given, fc.constantFrom("upsert", "insert"), key).map(([documents, mode, one]) => ({
    body: { documents },
    query: { mode },
    headers: one ? { "idempotency-key": one } : {},
  })),
  patchDocument: fc
    .tuple(id, set, fc.option(filter, { nil: undefined }))
    .map(([docId, values, condition]) => ({
      path: { docId },
      body: { set: values, ...(condition ? { if: condition } : {}) },
    })),
  patchDocuments: fc.oneof(
    fc
      .tuple(filter, set, fc.boolean())
      .map(([one, values, dryRun]) => ({ body: { filter: one, set: values, dryRun } })),
    fc
      .uniqueArray(fc.record({ doc_id: id, size }), {
        minLength: 1,
        maxLength: 3,
        selector: ({ doc_id }) => doc_id,
      })
      .map((documents) => ({ body: { documents } })),
  ),
  deleteDocument: id.map((docId) => ({ path: { docId } })),
  deleteDocuments: fc
    .tuple(
      fc.oneof(
        filter.map((one) => ({ filter: one })),
        fc.array(id, { minLength: 1, maxLength: 4 }).map((ids) => ({ ids })),
      ),
      fc.boolean(),
    )
    .map(([which, dryRun]) => ({ body: { ...which, dryRun } })),
  ...Object.fromEntries(
    Object.keys(operations)
      .map((name) => [name, fc.constant({ path: { id: "0123456789abcdef" } })])
      .filter(
        ([name]) =>
          !["search", "listDocuments", "measureRecall"].includes(name as string) &&
          !/Documents?$/.test(name as string),
      ),
  ),
  createKey: fc.constant({ body: { name: "x", grants: [{ actions: ["read"], indexes: ["*"] }] } }),
  createIndex: fc.constant({ body: { name: "world-new", dimension: 3 } }),
  changeIndex: fc.constant({ body: { maxStalenessMs: 0 } }),
  startJob: fc.constant({ body: { type: "optimize", index: "world-0-x" } }),
};
const often = [
  "search",
  "search", // of which most do not fit
  "writeDocuments",
  "writeDocuments",
  "patchDocuments",
  "deleteDocuments",
  "fetchDocuments",
  "queryDocuments",
  "measureRecall",
];
const request = fc.constantFrom(...Object.keys(asked), ...often, ...often).chain((name) =>
  fc.tuple(
    fc.constant(name as OperationName),
    fc.tuple(asked[name] as fc.Arbitrary<Sent>, explain).map(([sent, more]) => ({
      ...sent,
      headers: { ...sent.headers, ...more },
    })),
  ),
);
const listing = fc.record(
  {
    limit: fc.constantFrom("1", "2", "100"),
    filter: filter.map((one) => JSON.stringify(one)),
    select,
    consistency: fc.constant("strong"),
  },
  { requiredKeys: ["limit", "consistency"] },
);

/** What another tenant does meanwhile, in each of the two another. */
const others = fc.uniqueArray(fc.record({ doc_id: fc.nat(9).map((n) => `b:${n}`), vector, size, words }), {
  minLength: 1,
  maxLength: 6,
  selector: ({ doc_id }) => doc_id,
});
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ request }) },
  { weight: 1, arbitrary: fc.record({ listing }) },
  { weight: 2, arbitrary: fc.record({ others: fc.tuple(others, others) }) },
);

let made = 0;

async function twoWorlds(): Promise<[string, string]> {
  const names: [string, string] = [`world-${made}-x`, `world-${made}-y`];
  made++;
  for (const [world, name] of names.entries()) {
    const columns = [
      { name: "tenant", type: "Utf8" },
      { name: "size", type: "Int32" },
      { name: "words", type: "Utf8" },
    ];
    const fullText = [{ column: "words", language: "en" }];
    await ask(keys.root, "createIndex", { body: { name, dimension: 3, metric: "l2", columns, fullText } });
    const old = Array.from({ length: 6 }, (_, i) => ({
      doc_id: `old${i}`,
      vector: [i / 10, 0.5, i % 2 === 0 ? 0 : world],
      tenant: i % 2 === 0 ? "a" : "b",
      size: i % 2 === 0 ? 1 : world,
      words: ["quick fox", "dog dog fox", "lazy dog fox", "fox", "quick quick foxes", "lazy"][i],
    })).filter((_, i) => i % 2 === 0 || world === 0 || i === 1); // of the other's some are in the first alone
    const written = await ask(keys.root, "writeDocuments", {
      path: { index: name },
      body: { documents: old },
    });
    expect(written.status).toBe(200);
  }
  return names;
}

test("whatever a tenant sends, no answer tells of another's rows, and none of them changes", async () => {
  const statuses = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 30, size: "max" }), async (steps) => {
      const worlds = await twoWorlds();
      for (const one of steps) {
        if ("others" in one) {
          for (const [world, index] of worlds.entries()) {
            const documents = one.others[world]?.map((row) => ({ ...row, tenant: "b" }));
            const written = await ask(keys.b, "writeDocuments", { path: { index }, body: { documents } });
            expect(written.status, JSON.stringify(written.body)).toBe(200);
          }
          continue;
        }
        const rowsOfOther = () =>
          Promise.all(worlds.map((index) => listAll(keys.b, index, { consistency: "strong" })));
        const before = await rowsOfOther();
        const [first, second] = await Promise.all(
          worlds.map(async (index) => {
            if ("listing" in one) return listAll(keys.a, index, one.listing as Record<string, string>);
            const [name, { path, ...sent }] = one.request;
            const answer = await ask(keys.a, name, { ...sent, path: { index, ...path } });
            const told = { explained: answer.body?.explain, grouped: answer.body?.groups };
            for (const [what, is] of Object.entries(told))
              if (is) statuses.set(what, (statuses.get(what) ?? 0) + 1);
            statuses.set(`${name} ${answer.status}`, (statuses.get(`${name} ${answer.status}`) ?? 0) + 1);
            return comparable(answer);
          }),
        );
        expect(first, JSON.stringify(one)).toEqual(second);
        expect(JSON.stringify(first)).not.toMatch(/"tenant":"b"(?!,"value)/);
        expect(await rowsOfOther()).toEqual(before);
      }
    }),
    { numRuns: 25, endOnFailure: true },
  );
  for (const seen of [
    ...["search 200", "fetchDocuments 200", "queryDocuments 200", "writeDocuments 200", "writeDocuments 403"],
    ...["measureRecall 200", "listVersions 403", "explained", "grouped"],
    ...["deleteDocuments 200", "patchDocuments 200", "getIndex 403", "warmIndex 403"],
  ])
    expect(statuses.get(seen) ?? 0, seen).toBeGreaterThan(0);
}, 240_000);
