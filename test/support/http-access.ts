import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Grant } from "../../lib/domain/access/grants.ts";
import { KeyRegistry } from "../../lib/domain/access/key-registry.ts";
import type { Operation } from "../../lib/http/operations/operation.ts";
import { type OperationName, operations } from "../../lib/http/operations.ts";
import { type Answer, HttpClient, issuePaths, type Sent } from "./http-client.ts";
import type { ContractBackend } from "./http-contract.ts";
import { type OfflineApi, startOffline } from "./offline-server.ts";

/** A client that sends a key with whatever it sends. */
class KeyedClient extends HttpClient {
  readonly #headers: Record<string, string>;
  readonly key: string;

  constructor(url: string, key: string, how = "x-api-key") {
    super(url);
    this.key = key;
    this.#headers = how === "x-api-key" ? { "x-api-key": key } : { authorization: `${how} ${key}` };
  }

  override send(method: string, path: string, sent: Sent = {}): Promise<Answer> {
    return super.send(method, path, { ...sent, headers: { ...this.#headers, ...sent.headers } });
  }
}

/** What the contract says of who may do what, by a server of its own on the same data. */
export function describeAccess(
  place: () => { http: HttpClient; backend: ContractBackend; small: string },
): void {
  describe("who may do what", () => {
    let api: OfflineApi;
    let root: KeyedClient;
    let bucket: string;
    const secrets: string[] = [];

    beforeAll(async () => {
      const { backend } = place();
      bucket = backend.bucket;
      api = await startOffline({ ...backend.environment, LAKEHOUSE_AUTH: "keys" });
      const registry = new KeyRegistry(backend.stores("primary"), { now: () => Date.now() });
      const { key } = await registry.create({ name: "root", grants: [everything] });
      secrets.push(key);
      root = new KeyedClient(api.url, key);
      for (const name of ["team-a", "team-b"])
        await root.call("createIndex", {}, { body: { name, bucket, dimension: 2 } });
    });

    afterAll(() => api?.stop());

    const everything: Grant = {
      actions: ["search", "read", "write", "jobs", "admin"],
      indexes: ["*"],
      buckets: ["*"],
    };
    const grantOf = (actions: Grant["actions"], indexes: string[], buckets: string[] = []): Grant => ({
      ...{ actions, indexes, buckets },
    });

    async function made(...grants: Grant[]): Promise<{ id: string; client: KeyedClient; key: string }> {
      const { body } = await root.call("createKey", {}, { body: { name: "made", grants } });
      secrets.push(body.key);
      return { id: body.id, key: body.key, client: new KeyedClient(api.url, body.key) };
    }

    const path = { index: "small", docId: "d1", id: "0123456789abcdef" };
    const outcome = ({ status, body }: Answer) => [status, body?.code];

    test.each(Object.keys(operations) as OperationName[])(
      "%s asks for a key, or needs none",
      async (name) => {
        const answer = await new HttpClient(api.url).call(name, path);
        const { needs }: Operation = operations[name];
        if (needs === "nothing") return expect(answer.status).toBe(200);
        expect(outcome(answer)).toEqual([401, "unauthenticated"]);
        expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="serverless-lance"');
      },
    );

    test("a key is taken from either header, and what is none, unknown or wrong is told nothing more", async () => {
      const { key, id } = await made(grantOf(["read"], ["small"]));
      for (const how of ["x-api-key", "Bearer", "bearer"])
        expect((await new KeyedClient(api.url, key, how).call("listIndexes")).status).toBe(200);
      const others = ["", "x", "sl_", `${key}x`, key.toUpperCase(), `sl_0123456789abcdef_${key.slice(20)}`];
      const wrong = `sl_${id}_${"A".repeat(43)}`;
      const told = new Set<string>();
      for (const other of [...others, wrong]) {
        const answer = await new KeyedClient(api.url, other).call("listIndexes");
        const { instance, ...said } = answer.body;
        expect(answer.status).toBe(401);
        if (other !== "") told.add(JSON.stringify(said));
      }
      expect(told.size).toBe(1);
      const basic = await new KeyedClient(api.url, key, "Basic").call("listIndexes");
      expect(basic.status).toBe(401);
    });

    test("what is granted is done, another action is refused, another index is not there", async () => {
      const { client } = await made(grantOf(["search"], ["small"]));
      expect((await client.search("small", { vector: [1, 0, 0, 0] })).status).toBe(200);
      const refused = await client.call("fetchDocument", { index: "small", docId: "d1" });
      expect(outcome(refused)).toEqual([403, "forbidden"]);
      expect(refused.headers.get("www-authenticate")).toContain('error="insufficient_scope"');
      const said = (answer: Answer, name: string) => ({
        status: answer.status,
        detail: answer.body.detail.replaceAll(name, "?"),
        code: answer.body.code,
      });
      for (const name of ["search", "getIndex", "writeDocuments", "dropIndex", "changeIndex"] as const) {
        const bodies = { search: { vector: [1, 0] }, writeDocuments: { documents: [{}] } };
        const body = { ...bodies, changeIndex: { maxStalenessMs: 1 } }[name as "search"];
        const [there, not] = await Promise.all(
          ["team-a", "nowhere"].map((index) => client.call(name, { index }, { body })),
        );
        expect(said(there as Answer, "team-a")).toEqual(said(not as Answer, "nowhere"));
        expect(there?.body.code).toBe("index-not-found");
      }
    });

    test("a key that is sent twice is none, whichever is the last", async () => {
      const { key } = (await made(grantOf(["read"], ["*"]))).client;
      const statusWith = async (headers: Record<string, string[]>) => {
        const sent = request(`${api.url}/indexes`, { headers, timeout: 20_000 });
        sent.on("timeout", () => sent.destroy()).end();
        const [answer] = (await once(sent, "response")) as [IncomingMessage];
        answer.resume();
        return answer.statusCode;
      };
      for (const keys of [
        [key, root.key],
        [root.key, key],
      ]) {
        expect(await statusWith({ "x-api-key": keys })).toBe(401);
        expect(await statusWith({ authorization: keys.map((one) => `Bearer ${one}`) })).toBe(401);
      }
      expect(await statusWith({ "x-api-key": [key] })).toBe(200);
    });

    test("what a request cost is told to keys of all indexes alone, before anything is done", async () => {
      const headers = { "x-explain-cost": "true" };
      const sent = { body: { documents: [{ doc_id: "unpaid", vector: [1, 0] }] }, headers };
      const { client } = await made(grantOf(["search", "write", "read"], ["team-*"]));
      const refused = await client.call("writeDocuments", { index: "team-b" }, sent);
      expect(outcome(refused)).toEqual([403, "forbidden"]);
      expect(refused.headers.get("x-cost")).toBeNull();
      const id = { index: "team-b", docId: "unpaid" };
      expect(outcome(await client.call("fetchDocument", id))).toEqual([404, "document-not-found"]);
      const told = await root.call("getIndex", { index: "team-b" }, { headers });
      expect(JSON.parse(told.headers.get("x-cost") ?? "").dollars).toBeGreaterThan(0);
      expect(
        (await new HttpClient(api.url).call("health", {}, { headers })).headers.get("x-cost"),
      ).toBeNull();
    });

    test("lists show what is granted, page by page, and buckets that may be named", async () => {
      const { client } = await made(grantOf(["read"], ["team-*", "small"], [bucket]));
      const names: string[] = [];
      for (let query = "?limit=1"; ; ) {
        const { body } = await client.call("listIndexes", {}, { query });
        names.push(...body.indexes.map(({ name }: { name: string }) => name));
        if (body.next === null) break;
        query = `?limit=1&cursor=${body.next}`;
      }
      expect(names).toEqual(["small", "team-a", "team-b"]);
      expect((await client.call("listBuckets")).body.buckets).toMatchObject([{ name: bucket }]);
      const { client: searcher } = await made(grantOf(["search"], ["small"]));
      expect(outcome(await searcher.call("listIndexes"))).toEqual([403, "forbidden"]);
    });

    test("jobs are those of granted indexes, and load from granted buckets", async () => {
      const { small } = place();
      const { client } = await made(grantOf(["jobs"], ["jobs-*"], [bucket]));
      const other = await root.startJob({ type: "migrate", index: "others-jobs", source: small, bucket });
      const job = await client.migrate("jobs-one", small, { bucket, metric: "l2" });
      await root.jobWhen(other.body.id, ({ state }) => state !== "running");
      expect((await client.call("listJobs")).body.jobs.map(({ id }: { id: string }) => id)).toEqual([job.id]);
      for (const name of ["getJob", "cancelJob"] as const)
        expect(outcome(await client.call(name, { id: other.body.id }))).toEqual([404, "job-not-found"]);
      const asked = { type: "migrate", index: "jobs-two", source: "examples/words" };
      expect(outcome(await client.startJob(asked))).toEqual([404, "bucket-not-found"]);
      expect(outcome(await client.startJob({ ...asked, source: small, bucket: "examples" }))).toEqual([
        404,
        "bucket-not-found",
      ]);
      const outside = { ...asked, source: small, index: "small" };
      expect(outcome(await client.startJob(outside))).toEqual([404, "index-not-found"]);
      expect(outcome(await client.startJob({ type: "optimize", index: "small" }))).toEqual([
        404,
        "index-not-found",
      ]);
    });

    test("indexes are made, changed and dropped where that is granted", async () => {
      const { client } = await made(grantOf(["admin", "read", "write"], ["own-*"], [bucket]));
      const create = (name: string, more: object = {}) =>
        client.call("createIndex", {}, { body: { name, bucket, dimension: 2, ...more } });
      expect(outcome(await create("team-a"))).toEqual([404, "index-not-found"]);
      expect(outcome(await create("own-one", { bucket: "examples" }))).toEqual([404, "bucket-not-found"]);
      expect((await create("own-one")).status).toBe(201);
      const documents = [{ doc_id: "a", vector: [1, 0] }];
      const own = { index: "own-one" };
      expect((await client.call("writeDocuments", own, { body: { documents } })).body.inserted).toBe(1);
      expect((await client.call("dropIndex", own)).status).toBe(204);
    });

    test("two callers with one Idempotency-Key send two requests", async () => {
      const headers = { "idempotency-key": "same" };
      const [one, two] = await Promise.all([1, 2].map(() => made(grantOf(["write"], ["team-a"]))));
      const write = (client: KeyedClient, docId: string) =>
        client.call(
          "writeDocuments",
          { index: "team-a" },
          { body: { documents: [{ doc_id: docId, vector: [1, 0] }] }, headers },
        );
      for (const [made, docId] of [
        [one, "idem-1"],
        [two, "idem-2"],
        [one, "idem-1"],
      ] as const)
        expect((await write(made?.client as KeyedClient, docId)).body.inserted).toBe(1);
    });

    test("keys are made, listed, rotated and revoked by who has admin on all indexes, and by nobody else", async () => {
      const { id, client, key } = await made(grantOf(["read"], ["small"]));
      const { client: lesser } = await made(grantOf(["admin", "read"], ["team-*"]));
      for (const name of ["listKeys", "rotateKey", "revokeKey"] as const)
        expect(outcome(await lesser.call(name, { id }))).toEqual([403, "forbidden"]);
      const body = { name: "x", grants: [everything] };
      expect(outcome(await lesser.call("createKey", {}, { body }))).toEqual([403, "forbidden"]);
      expect((await client.call("listIndexes")).status).toBe(200);
      const rotated = await root.call("rotateKey", { id }, { query: "?graceSeconds=60" });
      secrets.push(rotated.body.key);
      expect(rotated.body.key.slice(0, 20)).toBe(key.slice(0, 20));
      await sleep(1_100); // that a secret is taken for wrong without another look
      expect((await new KeyedClient(api.url, rotated.body.key).call("listIndexes")).status).toBe(200);
      expect((await client.call("listIndexes")).status).toBe(200); // in its grace
      const { id: unused, client: revoked } = await made(grantOf(["read"], ["small"]));
      expect((await root.call("revokeKey", { id: unused })).body.revokedAt).not.toBeNull();
      expect(outcome(await revoked.call("listIndexes"))).toEqual([401, "unauthenticated"]);
      expect(outcome(await root.call("rotateKey", { id: unused }))).toEqual([409, "conflict"]);
      expect(outcome(await root.call("revokeKey", { id: "f".repeat(16) }))).toEqual([404, "key-not-found"]);
      const ids: string[] = [];
      for (let query = "?limit=3"; ; ) {
        const page = (await root.call("listKeys", {}, { query })).body;
        ids.push(...page.keys.map((one: { id: string }) => one.id));
        if (page.next === null) break;
        query = `?limit=3&cursor=${page.next}`;
      }
      expect(ids).toEqual(expect.arrayContaining([id, unused]));
      expect(ids).toEqual([...new Set(ids)].sort());
    });

    describe("a key with a filter", () => {
      const of = (value: string) => ({ op: "eq", column: "tenant", value });
      const index = "shared";
      const clients = new Map<string, KeyedClient>();
      const as = (tenant: string) => clients.get(tenant) as KeyedClient;
      const row = (doc_id: string, tenant: string, more: object = {}) => ({
        ...{ doc_id, vector: [1, 0], tenant, ...more },
      });
      const write = (client: HttpClient, documents: object[], query = "") =>
        client.call("writeDocuments", { index }, { body: { documents }, query });
      const ids = async (client: HttpClient) => {
        const { body } = await client.call("listDocuments", { index }, { query: "?consistency=strong" });
        return body.documents.map(({ doc_id }: { doc_id: string }) => doc_id).sort();
      };

      beforeAll(async () => {
        const columns = [{ name: "tenant", type: "Utf8" }];
        await root.call("createIndex", {}, { body: { name: index, bucket, dimension: 2, columns } });
        await write(root, [row("1", "a"), row("2", "b"), row("3", "b")]);
        for (const tenant of ["a", "b"]) {
          const grants = [grantOf(["search", "read", "write"], [index])];
          const { body } = await root.call(
            "createKey",
            {},
            { body: { name: tenant, grants, filter: of(tenant) } },
          );
          expect(body).toMatchObject({ filter: of(tenant), newIds: `${tenant}:` });
          secrets.push(body.key);
          clients.set(tenant, new KeyedClient(api.url, body.key));
        }
      });

      test("searches, fetches and lists its own rows", async () => {
        const found = await as("a").search(index, { vector: [1, 0], k: 9, consistency: "strong" });
        expect(found.body.hits.map(({ doc_id }: { doc_id: string }) => doc_id)).toEqual(["1"]);
        const body = { ids: ["1", "2", "none"], consistency: "strong" };
        const { documents, missing } = (await as("a").call("fetchDocuments", { index }, { body })).body;
        expect([documents.length, missing]).toEqual([1, ["2", "none"]]);
        const fetched = await as("a").call("fetchDocument", { index, docId: "2" });
        expect(outcome(fetched)).toEqual([404, "document-not-found"]);
        expect(await ids(as("a"))).toEqual(["1"]);
        expect(await ids(as("b"))).toEqual(["2", "3"]);
        const others = { vector: [1, 0], filter: of("b"), consistency: "strong" };
        expect((await as("a").search(index, others)).body.hits).toEqual([]);
      });

      test("writes its own documents, under ids that no other key writes", async () => {
        expect((await write(as("a"), [row("a:1", "a"), row("1", "a")])).body).toMatchObject({
          ...{ inserted: 1, updated: 1 },
        });
        const said = async (documents: object[], query = "") => {
          const { status, body } = await write(as("a"), documents, query);
          return [status, body.detail, body.issues];
        };
        for (const query of ["", "?mode=insert"])
          expect(await said([row("2", "a")], query)).toEqual(await said([row("nobodys", "a")], query));
        for (const foreign of [row("a:2", "b"), { doc_id: "a:2", vector: [1, 0] }, row("b:1", "a")])
          expect(outcome(await write(as("a"), [foreign]))).toEqual([403, "forbidden"]);
        expect(await ids(as("b"))).toEqual(["2", "3"]);
      });

      test("changes and deletes no other rows", async () => {
        const patch = (docId: string, set: object) =>
          as("a").call("patchDocument", { index, docId }, { body: { set } });
        expect(outcome(await patch("2", { vector: [0, 1] }))).toEqual([404, "document-not-found"]);
        expect(outcome(await patch("1", { tenant: "b" }))).toEqual([403, "forbidden"]);
        const all = { op: "not", filter: { op: "is_null", column: "doc_id" } };
        const dry = await as("a").call("deleteDocuments", { index }, { body: { filter: all, dryRun: true } });
        expect(dry.body.deleted).toBe((await ids(as("a"))).length);
        const gone = await as("a").call("deleteDocument", { index, docId: "2" });
        expect(gone.body.deleted).toBe(0);
        await as("a").call("deleteDocuments", { index }, { body: { filter: all } });
        expect([await ids(as("a")), await ids(as("b"))]).toEqual([[], ["2", "3"]]);
      });

      test("is told nothing of an index as a whole, nor finds one without its column", async () => {
        for (const name of ["getIndex", "warmIndex", "listIndexes"] as const)
          expect(outcome(await as("a").call(name, { index }))).toEqual([403, "forbidden"]);
        const headers = { "x-explain-cost": "true" };
        expect(outcome(await as("a").call("listDocuments", { index }, { headers }))).toEqual([
          403,
          "forbidden",
        ]);
        const { body } = await root.call(
          "createKey",
          {},
          { body: { name: "a", grants: [grantOf(["search", "read"], ["small"])], filter: of("a") } },
        );
        secrets.push(body.key);
        const client = new KeyedClient(api.url, body.key);
        expect(outcome(await client.search("small", { vector: [1, 0, 0, 0] }))).toEqual([403, "forbidden"]);
        const fetched = await client.call("fetchDocument", { index: "small", docId: "d1" });
        expect(outcome(fetched)).toEqual([403, "forbidden"]);
      });

      test("is not made to act on an index as a whole, nor to write what its filter does not say", async () => {
        const create = (actions: Grant["actions"], filter: object) =>
          root.call("createKey", {}, { body: { name: "x", grants: [grantOf(actions, ["*"])], filter } });
        expect(issuePaths(await create(["read", "jobs", "admin"], of("a")))).toEqual(
          ["grants[0].actions[1]", "grants[0].actions[2]"].map((path) => `body.${path}`),
        );
        const filters = [
          { op: "ne", column: "tenant", value: "a" },
          { op: "eq", column: "tenant", value: 0.5 },
          { op: "eq", column: "tenant", value: "\ud800" },
        ];
        for (const filter of filters)
          expect(issuePaths(await create(["write"], filter))).toEqual(["body.filter"]);
        let deep: object = of("a");
        for (let i = 0; i < 9; i++) deep = { op: "not", filter: deep };
        expect(issuePaths(await create(["read"], deep))).toEqual(["body.filter"]);
      });
    });

    test("a key that may send few requests is told to wait, and no other one", async () => {
      const body = { name: "few", grants: [grantOf(["read"], ["small"])], rate: { perSecond: 1 } };
      const { key } = (await root.call("createKey", {}, { body })).body;
      secrets.push(key);
      const client = new KeyedClient(api.url, key);
      const started = performance.now();
      const answers = await Promise.all(Array.from({ length: 30 }, () => client.call("listBuckets")));
      const seconds = (performance.now() - started) / 1_000;
      const refused = answers.filter(({ status }) => status !== 200);
      expect(answers.length - refused.length).toBeLessThanOrEqual(1 + Math.ceil(seconds));
      for (const answer of refused) {
        expect(outcome(answer)).toEqual([429, "too-many-requests"]);
        expect(answer.headers.get("retry-after")).toBe("1");
      }
      expect((await root.call("listBuckets")).status).toBe(200);
      await expect.poll(async () => (await client.call("listBuckets")).status, { timeout: 5_000 }).toBe(200);
    });

    test("what a key is asked to be is looked at by field", async () => {
      const create = (body: object) => root.call("createKey", {}, { body });
      expect(issuePaths(await create({ name: "", grants: [] }))).toEqual(["body.name", "body.grants"]);
      const grants = [{ actions: ["own"], indexes: ["A*", "*a"], buckets: ["../x"], more: 1 }];
      expect(issuePaths(await create({ name: "x", grants, expiresAt: "tomorrow" }))).toEqual([
        "body.grants[0].actions[0]",
        "body.grants[0].indexes[0]",
        "body.grants[0].indexes[1]",
        "body.grants[0].buckets[0]",
        "body.grants[0].more",
        "body.expiresAt",
      ]);
      const rates = [{ perSecond: 0 }, { perSecond: 1.5, burst: 0 }].map((rate) => ({
        name: "x",
        grants: [everything],
        rate,
      }));
      expect(await Promise.all(rates.map(async (one) => issuePaths(await create(one))))).toEqual([
        ["body.rate.perSecond"],
        ["body.rate.perSecond", "body.rate.burst"],
      ]);
      const over = { name: "x", grants: [everything], expiresAt: "2020-01-01T00:00:00Z" };
      expect(issuePaths(await create(over))).toEqual(["body.expiresAt"]);
    });

    test("each change is a line of who, what and how it ended; no line has a secret", async () => {
      const { id, client } = await made(grantOf(["write"], ["team-b"]));
      const documents = [{ doc_id: "audited", vector: [1, 0] }];
      await client.call("writeDocuments", { index: "team-b" }, { body: { documents } });
      await client.call("dropIndex", { index: "team-b" });
      await client.call("search", { index: "team-b" }, { body: { vector: [1, 0] } });
      const lines = () =>
        api
          .logs()
          .split("\n")
          .filter((line) => line.startsWith("{") && line.includes('"audit"'))
          .map((line) => JSON.parse(line));
      await expect
        .poll(() => lines().filter(({ who }) => who === id))
        .toMatchObject([
          { did: "writeDocuments", index: "team-b", status: 200 },
          { did: "dropIndex", index: "team-b", status: 403 },
        ]);
      expect(lines()).toContainEqual(
        expect.objectContaining({ did: "createKey", made: `/keys/${id}`, status: 201 }),
      );
      expect(JSON.stringify(lines())).not.toContain("audited");
      expect(secrets.length).toBeGreaterThan(5);
      for (const key of secrets) expect(api.logs()).not.toContain(key.slice(20));
      const stored = place().backend.stores("primary");
      for (const { key } of await stored.list("registry/keys/"))
        for (const secret of secrets)
          expect(Buffer.from((await stored.get(key))?.body ?? []).toString()).not.toContain(secret.slice(20));
    });

    test("where access is open, no keys are made through it", async () => {
      const body = { name: "x", grants: [everything] };
      const answer = await place().http.call("createKey", {}, { body });
      expect(outcome(answer)).toEqual([403, "forbidden"]);
    });
  });
}
