import type { Fallbacks } from "../../../domain/fallbacks.ts";
import type { Publication } from "../../../domain/index/index-entry.ts";
import type { Openings } from "../../../domain/index/openings.ts";
import type { ObjectStore, Stores } from "../../../domain/object-store.ts";
import { gatherOpening } from "./gather-opening.ts";
import { decodeOpening, encodeOpening, type Opening } from "./opening.ts";

const folderFor = (index: string) => `registry/openings/${index}/`;
const keyOf = (index: string) => `${folderFor(index)}opening`;

/** The openings of indexes in object stores, beside their entries, so that both can be asked for at once. */
export class LanceOpenings implements Openings {
  readonly #primary: ObjectStore;
  readonly #stores: Stores;
  readonly #isRemote: (bucket: string) => boolean;
  readonly #fallbacks: Fallbacks;

  /** @param isRemote whether a bucket is worth one: a folder of this machine needs none */
  constructor(stores: Stores, isRemote: (bucket: string) => boolean, fallbacks: Fallbacks) {
    this.#primary = stores("primary");
    this.#stores = stores;
    this.#isRemote = isRemote;
    this.#fallbacks = fallbacks;
  }

  async write(index: string, published: Publication): Promise<void> {
    const { bucket, generation, vectorColumn, recall } = published;
    if (!this.#isRemote(bucket) || recall.version === null) return;
    const columns = published.columns.map(({ name }) => name);
    const opened = { index, bucket, generation, vectorColumn, columns, version: recall.version };
    try {
      const opening = await gatherOpening(this.#stores(bucket), opened);
      await this.#primary.put(keyOf(index), encodeOpening(opening));
    } catch {
      this.#fallbacks.of(index).happened("opening", "not-written");
    }
  }

  async remove(index: string): Promise<void> {
    await this.#primary.deletePrefix(folderFor(index));
  }

  /** Undefined where there is none that can be read: then the generation is opened without. */
  async read(index: string): Promise<Opening | undefined> {
    try {
      const stored = await this.#primary.get(keyOf(index));
      return stored && decodeOpening(stored.body);
    } catch {
      this.#fallbacks.of(index).happened("opening", "unreadable");
      return undefined;
    }
  }
}
