import { z } from "zod";
import { limits } from "../../config/limits.ts";
import type { ObjectStore } from "../../domain/object-store.ts";
import {
  entryDamaged,
  newerFormat,
  type Origin,
  parseStored,
  refuseNewer,
  unlessUnreadable,
} from "../../domain/stored/stored-json.ts";
import { unlessRaced } from "../../domain/unless-raced.ts";

const executionRecord = z.object({
  name: z.string(),
  machine: z.string(),
  input: z.unknown(),
  status: z.enum(["running", "succeeded", "failed", "cancelled"]),
  startedAt: z.string(),
  endedAt: z.string().optional(),
  error: z.string().optional(),
  cause: z.string().optional(),
  /** The process that runs it, and when it last said so. */
  owner: z.object({ host: z.string(), pid: z.int(), process: z.string() }),
  beatAt: z.int(),
  /** How often a process died with it. */
  takeovers: z.int(),
  /** A cancelled execution's tasks have let go. */
  settled: z.boolean(),
});
export type ExecutionRecord = z.infer<typeof executionRecord>;

const markerBody = z.object({ at: z.int() });

const keyOf = (name: string) => `executions/${name}.json`;
/** A name holds no dot, so no marker is the prefix of another. */
const marker = (name: string) => `executions/running/${name}.json`;

const originOf = (name: string): Origin => ({
  kind: "execution",
  what: `the execution of job "${name}"`,
  remedy: "start another job",
});

/** What the embedded interpreter writes about executions; every change is a conditional write. */
export class ExecutionRecords {
  readonly #store: ObjectStore;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /** @throws EntryDamaged, NeedsNewerRelease */
  async read(name: string): Promise<{ record: ExecutionRecord; etag: string } | undefined> {
    const stored = await this.#store.get(keyOf(name));
    if (!stored) return undefined;
    const record = parseStored(executionRecord, stored.body, originOf(name));
    if (record.name !== name) throw entryDamaged(originOf(name));
    return { record, etag: stored.etag };
  }

  /** The marker first, so that no record that runs is without. @returns false when the name is taken @throws NeedsNewerRelease */
  async create(record: ExecutionRecord): Promise<boolean> {
    for (const key of [keyOf(record.name), marker(record.name)])
      refuseNewer(await this.#store.get(key), originOf(record.name));
    await this.#mark(record.name, record.beatAt);
    const put = () => this.#store.put(keyOf(record.name), encode(record), { ifNoneMatch: "*" });
    const created = (await unlessRaced(put)) !== undefined;
    if (!created) await this.#unmarkEnded(record.name, record.beatAt);
    return created;
  }

  /**
   * Changes the record unless `change` returns undefined; again when another process was faster.
   * @returns the record as it stands, and whether this call changed it
   */
  async update(name: string, change: (record: ExecutionRecord) => Partial<ExecutionRecord> | undefined) {
    for (;;) {
      const read = await this.read(name);
      if (!read) return undefined;
      const changes = change(read.record);
      if (!changes) return { record: read.record, changed: false };
      const record = { ...read.record, ...changes };
      const put = () => this.#store.put(keyOf(name), encode(record), { ifMatch: read.etag });
      if ((await unlessRaced(put)) === undefined) continue;
      if (record.status !== "running") await this.#store.deletePrefix(marker(name));
      return { record, changed: true };
    }
  }

  /** Names of executions that run. Markers go that a process left which was killed as it began or ended one. */
  async running(now: number): Promise<string[]> {
    const markers = await this.#store.list("executions/running/");
    const names = markers.map(({ key }) => key.slice("executions/running/".length, -".json".length));
    const running: string[] = [];
    for (const name of names) if (!(await this.#unmarkEnded(name, now))) running.push(name);
    return running;
  }

  async #mark(name: string, now: number): Promise<void> {
    await this.#store.put(marker(name), new TextEncoder().encode(JSON.stringify({ at: now })));
  }

  /** One without a record is of an execution that is about to begin, or never did. @returns whether it went */
  async #unmarkEnded(name: string, now: number): Promise<boolean> {
    const read = await unlessUnreadable(
      () => this.read(name),
      () => "unreadable" as const,
    );
    if (read === "unreadable" || read?.record.status === "running") return false;
    const marked = await this.#store.get(marker(name));
    if (newerFormat(marked, "execution")) return false;
    if (!read) {
      const at = markedAt(marked?.body);
      if (at === undefined) await this.#mark(name, now);
      if (at === undefined || now - at < limits.startGraceMs) return false;
    }
    await this.#store.deletePrefix(marker(name));
    return true;
  }
}

/** @returns undefined for a marker of old, which says nothing, or what cannot be read */
function markedAt(body: Uint8Array | undefined): number | undefined {
  try {
    return markerBody.safeParse(JSON.parse(new TextDecoder().decode(body))).data?.at;
  } catch {
    return undefined;
  }
}

function encode(record: ExecutionRecord): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(record));
}
