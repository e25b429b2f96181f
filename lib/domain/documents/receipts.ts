import { z } from "zod";
import { DomainError } from "../errors.ts";
import { type GenerationRef, generationRef } from "../index/index-entry.ts";
import type { ObjectStore } from "../object-store.ts";
import { parseStored } from "../stored/stored-json.ts";
import { droppingUnknown } from "../stored/unknown-fields.ts";
import type { Clock } from "../task-context.ts";
import { unlessRaced } from "../unless-raced.ts";
import type { KeyedWrite } from "./stored-turn.ts";

/** What a write answers. */
export const written = z
  .strictObject({
    version: z.int().meta({ description: "Of the generation; from it on what was written is seen" }),
    generation: z.string(),
    inserted: z.int(),
    updated: z.int(),
    deleted: z.int(),
    columns: z
      .array(z.strictObject({ name: z.string(), type: z.string() }))
      .optional()
      .meta({ description: "Of the index, where these documents were its first and told them" }),
  })
  .meta({ id: "Written" });
export type Written = z.infer<typeof written>;

const receipt = z.discriminatedUnion("state", [
  z.object({ state: z.literal("done"), request: z.string(), answer: written }),
  z.object({
    /** Its process died: if it was committed at all, then by one of these versions. */
    state: z.literal("unknown"),
    request: z.string(),
    ref: generationRef,
    after: z.int(),
    upTo: z.int(),
  }),
]);
export type Receipt = z.infer<typeof receipt>;

/** With where it is stored. */
export interface KeptReceipt {
  receipt: Receipt;
  at: string;
  etag: string;
}

/** Versions of a generation: those after one, up to another. */
interface VersionRange {
  ref: GenerationRef;
  after: number;
  upTo: number;
}

/**
 * What writes with an Idempotency-Key were answered, so that one that is sent again is answered the same. They are kept for
 * the day on which they were written and the one after, at least 24 hours.
 */
export class Receipts {
  readonly #store: ObjectStore;
  readonly #clock: Clock;
  /** The day for which what is older was removed, by index. */
  readonly #swept = new Map<string, string>();

  constructor(store: ObjectStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** @throws IdempotencyMismatch where the key was used for another request */
  async find(index: string, { key, request }: KeyedWrite): Promise<KeptReceipt | undefined> {
    const kept = this.#days().map(async (day) => {
      const at = keyOf(index, day, key);
      return { at, stored: await this.#store.get(at) };
    });
    for (const { at, stored } of await Promise.all(kept)) {
      if (!stored) continue;
      const found = parseStored(receipt, stored.body, originOf(index));
      if (found.request === request) return { receipt: found, at, etag: stored.etag };
      throw new DomainError("IdempotencyMismatch", "the Idempotency-Key was used for another write");
    }
    return undefined;
  }

  /** What a write was answered, where it was. @throws IdempotencyMismatch */
  async answer(index: string, keyed: KeyedWrite): Promise<Written | undefined> {
    const receipt = (await this.find(index, keyed))?.receipt;
    return receipt?.state === "done" ? droppingUnknown(written).parse(receipt.answer) : undefined;
  }

  /** @param before what was found of it, which the answer takes the place of */
  async keep(index: string, write: KeyedWrite, answer: Written, before?: KeptReceipt): Promise<void> {
    const done: Receipt = { state: "done", request: write.request, answer };
    if (before) await this.#store.put(before.at, encoded(done), { ifMatch: before.etag });
    else await this.#make(index, write, done);
    await this.#sweep(index);
  }

  /** Unless there is one: the write had come so far as to keep its answer. */
  async keepUnknown(index: string, write: KeyedWrite, range: VersionRange): Promise<void> {
    if (await this.find(index, write)) return;
    await unlessRaced(() => this.#make(index, write, { state: "unknown", request: write.request, ...range }));
  }

  async #make(index: string, { key }: KeyedWrite, made: Receipt): Promise<void> {
    await this.#store.put(keyOf(index, this.#days()[0], key), encoded(made), { ifNoneMatch: "*" });
  }

  /** Removes those of an index that was dropped. */
  async forget(index: string): Promise<void> {
    await this.#store.deletePrefix(folderOf(index));
  }

  /** Today, and the day before. */
  #days(): [string, string] {
    const now = this.#clock.now();
    return [dayOf(now), dayOf(now - 86_400_000)];
  }

  async #sweep(index: string): Promise<void> {
    const [today, yesterday] = this.#days();
    if (this.#swept.get(index) === today) return;
    this.#swept.set(index, today);
    for (;;) {
      const [oldest] = await this.#store.list(folderOf(index), { limit: 1 });
      const day = oldest?.key.slice(folderOf(index).length).split("/")[0];
      if (!day || day >= yesterday) return;
      await this.#store.deletePrefix(`${folderOf(index)}${day}/`);
    }
  }
}

const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10);
const folderOf = (index: string) => `registry/receipts/${index}/`;
const keyOf = (index: string, day: string, key: string) => `${folderOf(index)}${day}/${key}.json`;
const encoded = (value: Receipt) => new TextEncoder().encode(JSON.stringify(value));

const originOf = (index: string) =>
  ({
    kind: "receipt",
    what: `a write to index "${index}"`,
    remedy: "send it with another Idempotency-Key, when you know whether it was done",
  }) as const;
