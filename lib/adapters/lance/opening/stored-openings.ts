import type { Fallbacks } from "../../../domain/fallbacks.ts";
import type { ObjectStore } from "../../../domain/object-store.ts";
import { decodeOpening, type Opening } from "./opening.ts";

export const openingsOf = (index: string) => `registry/openings/${index}/`;
export const openingOf = (index: string) => `${openingsOf(index)}opening`;

/** The openings of indexes in object stores, beside their entries, so that both can be asked for at once. */
export class StoredOpenings {
  readonly #primary: ObjectStore;
  readonly #fallbacks: Fallbacks;

  constructor(primary: ObjectStore, fallbacks: Fallbacks) {
    this.#primary = primary;
    this.#fallbacks = fallbacks;
  }

  /** Undefined where there is none that can be read: then the generation is opened without. */
  async read(index: string): Promise<Opening | undefined> {
    try {
      const stored = await this.#primary.get(openingOf(index));
      return stored && decodeOpening(stored.body);
    } catch {
      this.#fallbacks.of(index).happened("opening", "unreadable");
      return undefined;
    }
  }
}
