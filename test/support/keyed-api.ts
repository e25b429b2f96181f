import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Container } from "../../lib/container.ts";
import type { Action, Grant } from "../../lib/domain/access/grants.ts";
import { KeyRegistry } from "../../lib/domain/access/key-registry.ts";
import type { Operation } from "../../lib/http/operations/operation.ts";
import { type OperationName, operations } from "../../lib/http/operations.ts";
import { type Handler, type HandlerName, importHandlers } from "./handlers.ts";

export interface Sent {
  path?: Record<string, string>;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it stands. */
  raw?: string;
  isBase64Encoded?: boolean;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it asked for
  body: any;
}

/** All handlers in this process, on a folder of their own, for who has a key. */
export interface KeyedApi {
  root: string;
  container: Container;
  /** Calls a route's handler as API Gateway does. @param key none where it is undefined */
  ask(key: string | undefined, name: HandlerName, sent?: Sent): Promise<Answer>;
  /** A key that has these grants. */
  made(...grants: Grant[]): Promise<string>;
  keys: KeyRegistry;
  /** A key that may do everything. */
  everything: string;
  /** An index with documents of two numbers and a text. */
  makeIndex(name: string, ids?: string[]): Promise<void>;
  close(): Promise<void>;
}

export const operationNames = Object.keys(operations) as OperationName[];

/** Those that ask who it is. */
export const closedOperations = operationNames.filter((name) => operations[name].needs !== "nothing");

const all: Action[] = ["search", "read", "write", "jobs", "admin"];
export const grantOf = (actions: Action[], indexes: string[], buckets: string[] = []): Grant => ({
  ...{ actions, indexes, buckets },
});

const context = { awsRequestId: "keyed", getRemainingTimeInMillis: () => 29_000 } as never;

/** @param environment beside the folder and the way of access */
export async function openKeyedApi(environment: Record<string, string> = {}): Promise<KeyedApi> {
  const root = await mkdtemp(join(tmpdir(), "keyed-"));
  Object.assign(process.env, { DATA_ROOT: root, LAKEHOUSE_AUTH: "keys", ...environment });
  const handlers = await importHandlers();
  const container = (await import("../../lib/container.ts")).container();
  const keys = new KeyRegistry(container.stores("primary"), container.clock);
  const made = async (...grants: Grant[]) => (await keys.create({ name: "made", grants })).key;
  const everything = await made(grantOf(all, ["*"], ["*"]));
  const ask: KeyedApi["ask"] = async (key, name, sent = {}) =>
    answerOf(await (handlers.get(name) as Handler)(eventOf(key, name, sent) as never, context));
  const makeIndex = async (name: string, ids = ["d1", "d2"]) => {
    const columns = [{ name: "text", type: "Utf8" }];
    await expectDone(ask(everything, "createIndex", { body: { name, dimension: 2, metric: "l2", columns } }));
    const documents = ids.map((doc_id, i) => ({ doc_id, vector: [i, 1], text: `text of ${name}` }));
    await expectDone(ask(everything, "writeDocuments", { path: { index: name }, body: { documents } }));
  };
  const close = async () => {
    delete process.env["LAKEHOUSE_AUTH"];
    await container.close();
    await rm(root, { recursive: true, force: true });
  };
  return { root, container, ask, made, keys, everything, makeIndex, close };
}

function eventOf(key: string | undefined, name: HandlerName, sent: Sent) {
  const operation: Operation | undefined = operations[name as OperationName];
  const { path, query, headers, body, raw, isBase64Encoded = false } = sent;
  return {
    routeKey: operation ? `${operation.method.toUpperCase()} ${operation.route}` : "$default",
    pathParameters: path,
    queryStringParameters: query,
    headers: {
      "content-type": "application/json",
      ...(key === undefined ? {} : { "x-api-key": key }),
      ...headers,
    },
    body: raw ?? (body === undefined ? undefined : JSON.stringify(body)),
    isBase64Encoded,
  };
}

const answerOf = (answer: Awaited<ReturnType<Handler>>): Answer => ({
  status: answer.statusCode,
  headers: answer.headers,
  body: answer.body ? JSON.parse(answer.body) : undefined,
});

async function expectDone(answering: Promise<Answer>): Promise<void> {
  const { status, body } = await answering;
  if (status >= 300) throw new Error(JSON.stringify(body));
}

/** Status and code, which tell how a request ended. */
export const outcome = ({ status, body }: Answer) => [status, body?.code];

/** Of each operation a request that is as it should be, on `index`. Those that need a body have one. */
export function fittingRequests(index: string): Record<OperationName, Sent> {
  const [path, document] = [{ index }, { index, docId: "d1" }];
  const key = { path: { id: "0123456789abcdef" } };
  const filter = { op: "eq", column: "text", value: "nothing" };
  return {
    search: { path, body: { vector: [1, 1] } },
    measureRecall: { path, body: { k: 1 } },
    warmIndex: { path },
    fetchDocument: { path: document },
    fetchDocuments: { path, body: { ids: ["d1"] } },
    listDocuments: { path },
    queryDocuments: { path, body: { filter, count: true } },
    writeDocuments: { path, body: { documents: [{ doc_id: "d1", vector: [0, 1], text: "t" }] } },
    patchDocument: { path: document, body: { set: { text: "patched" } } },
    patchDocuments: { path, body: { filter, set: { text: "patched" } } },
    deleteDocument: { path: { index, docId: "nobody" } },
    deleteDocuments: { path, body: { filter } },
    listIndexes: {},
    createIndex: { body: { name: index, dimension: 2 } },
    getIndex: { path },
    listVersions: { path },
    changeIndex: { path, body: { maxStalenessMs: 1_000 } },
    dropIndex: { path },
    startJob: { body: { type: "optimize", index } },
    listJobs: {},
    getJob: { path: { id: "nobody" } },
    cancelJob: { path: { id: "nobody" } },
    createKey: { body: { name: "x", grants: [grantOf(["read"], ["x"])] } },
    listKeys: {},
    rotateKey: key,
    revokeKey: key,
    listBuckets: {},
    health: {},
    openapi: {},
  };
}
