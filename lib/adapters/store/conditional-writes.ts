import { DomainError } from "../../domain/errors.ts";
import type { WriteCondition } from "../../domain/object-store.ts";
import { unlessRaced } from "../../domain/unless-raced.ts";

/** Writes an empty object, or throws Conflict when the condition does not hold. */
/** @returns the new object's ETag */
type PutEmpty = (key: string, condition: WriteCondition) => Promise<string>;

/** The proof, once for each bucket of a process, that its store honours the conditions of writes. */
export class ConditionalWrites {
  readonly #put: PutEmpty;
  #proof: Promise<void> | undefined;

  constructor(put: PutEmpty) {
    this.#put = put;
  }

  /** Whoever asks while that is under way waits for the same. @throws StoreUnsuitable, what writing threw */
  async prove(): Promise<void> {
    this.#proof ??= this.#proveAnew();
    const proof = this.#proof;
    await proof.catch((error) => {
      if (this.#proof === proof) this.#proof = undefined;
      throw error;
    });
  }

  /** The marker stays: whoever comes later has the proof with two requests. */
  async #proveAnew(): Promise<void> {
    const created = !(await this.#refusesMarker({ ifNoneMatch: "*" }));
    if (created && !(await this.#refusesMarker({ ifNoneMatch: "*" }))) throw unsuitable("If-None-Match");
    if (!(await this.#refusesMarker({ ifMatch: '"of-no-object"' }))) throw unsuitable("If-Match");
  }

  async #refusesMarker(condition: WriteCondition): Promise<boolean> {
    return (await unlessRaced(() => this.#put(markerKey, condition))) === undefined;
  }
}

/** Written to show that a second writer of a key is refused. */
const markerKey = ".conditional-writes";

function unsuitable(header: string): DomainError {
  return new DomainError(
    "StoreUnsuitable",
    `the store ignores ${header}: a write whose condition does not hold must be answered with 412, or two writers would overwrite each other`,
  );
}
