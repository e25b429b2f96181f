import type { Fallbacks } from "../../../domain/fallbacks.ts";
import type { Publication } from "../../../domain/index/index-entry.ts";
import type { Openings } from "../../../domain/index/openings.ts";
import type { ObjectStore, Stores } from "../../../domain/object-store.ts";
import { gatherOpening } from "./gather-opening.ts";
import { encodeOpening } from "./opening.ts";
import { openingOf, openingsOf } from "./stored-openings.ts";

/** Openings as those write them who publish and drop; who searches does not load this. */
export class WrittenOpenings implements Openings {
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
      await this.#primary.put(openingOf(index), encodeOpening(opening));
    } catch {
      this.#fallbacks.of(index).happened("opening", "not-written");
    }
  }

  async remove(index: string): Promise<void> {
    await this.#primary.deletePrefix(openingsOf(index));
  }
}
