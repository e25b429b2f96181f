import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalStore } from "../../lib/adapters/store/local-store.ts";
import { EmbeddedWorkflow } from "../../lib/adapters/workflow/embedded-workflow.ts";
import type { Publication } from "../../lib/domain/index/index-entry.ts";
import { IndexRegistry } from "../../lib/domain/index/index-registry.ts";
import { jobInput } from "../../lib/domain/jobs/job.ts";
import { JobLedger } from "../../lib/domain/jobs/job-ledger.ts";
import { refuseNewer } from "../../lib/domain/jobs/refuse-newer.ts";

const machines = { migrate: { StartAt: "Done", States: { Done: { Type: "Succeed" } } } };

export type Json = Record<string, unknown>;
export const input = jobInput.parse({ type: "migrate", index: "docs", source: "source/docs" });

/** Documents in a folder of their own, which other releases write, too. */
export class StoredDocuments {
  readonly root: string;
  readonly store: LocalStore;
  readonly registry: IndexRegistry;
  readonly ledger: JobLedger;
  readonly clock = { now: () => Date.now() };
  /** What the workflows said of executions. */
  readonly logged: string[] = [];

  private constructor(root: string) {
    this.root = root;
    this.store = new LocalStore(root);
    this.registry = new IndexRegistry(this.store, this.clock);
    this.ledger = new JobLedger(this.store, this.clock);
  }

  static async create(): Promise<StoredDocuments> {
    return new StoredDocuments(await mkdtemp(join(tmpdir(), "stored-")));
  }

  remove(): Promise<void> {
    return rm(this.root, { recursive: true, force: true });
  }

  /** One of a process of its own, whose machine has nothing to do. */
  embedded(more: Partial<ConstructorParameters<typeof EmbeddedWorkflow>[0]> = {}): EmbeddedWorkflow {
    return new EmbeddedWorkflow({
      store: this.store,
      machines,
      call: async () => null,
      clock: this.clock,
      log: (name, what) => void this.logged.push(`${name} ${what}`),
      refuseNewer: (name) => refuseNewer(this, name),
      ...more,
    });
  }

  async stored(key: string): Promise<Json> {
    return JSON.parse((await this.#text(key)) || "{}");
  }

  /** As another release writes it. */
  async change(key: string, changed: (document: Json) => Json): Promise<void> {
    const etag = (await this.store.get(key))?.etag ?? "0";
    const body = Buffer.from(JSON.stringify(changed(await this.stored(key))));
    await this.store.put(key, body, etag === "0" ? undefined : { ifMatch: etag });
  }

  /** All that is stored under keys that hold a text, byte by byte. */
  async all(holding = ""): Promise<[string, string][]> {
    const keys = (await this.store.list("")).filter(({ key }) => key.includes(holding));
    return Promise.all(keys.map(async ({ key }) => [key, await this.#text(key)] as [string, string]));
  }

  async #text(key: string): Promise<string> {
    return Buffer.from((await this.store.get(key))?.body ?? []).toString();
  }

  /** An index that is served, waits for what it replaced to go, and is claimed. */
  async entry(name: string): Promise<void> {
    const since = published.publishedAt;
    const retiring = [{ generation: "g0", bucket: "primary", since, version: 1, writtenTo: true }];
    const claim = { job: "one", generation: "g2", bucket: "primary", since };
    await this.registry.create(name, { state: "ready", published, retiring, claim });
  }

  /** A job that a process which is gone has left, of an index of its own. */
  async orphan(id: string, more: Json = {}): Promise<void> {
    const first = this.embedded();
    const asked = { ...input, index: `docs-${id}` };
    await this.ledger.register(id, asked);
    await first.start(id, "migrate", asked);
    await first.close();
    const left = { status: "running", owner: { host: "gone", pid: 1, process: "p" }, beatAt: 0, ...more };
    await this.change(`executions/${id}.json`, (record) => ({ ...record, ...left }));
    await this.store.put(`executions/running/${id}.json`, new Uint8Array());
  }
}

export const published: Publication = {
  generation: "g1",
  bucket: "primary",
  dimension: 8,
  metric: "cosine",
  vectorColumn: "vector",
  idColumn: "doc_id",
  columns: [{ name: "doc_id", type: "Utf8" }],
  chosenColumns: { id: { name: "doc_id", why: "named" }, vector: { name: "vector", why: "named" } },
  indexType: "IVF_PQ",
  indexParameters: { numPartitions: 1 },
  asked: { indexType: "auto", indexParameters: {}, filterColumns: [] },
  reasons: [],
  searchDefaults: { nprobes: 1 },
  filteredDefaults: { nprobes: 2 },
  recall: {
    target: 0.95,
    measured: 1,
    k: 10,
    atK: [{ k: 1, measured: 1, searchDefaults: { nprobes: 1 } }],
    queries: 9,
    version: 3,
  },
  rows: 9,
  source: "source/docs",
  publishedAt: "2026-11-27T14:13:29.345Z",
};
