/** A row by its id in the table, and how far away it is. */
export interface NearRow {
  id: number;
  distance: number;
}

/** The rows that are nearest to a query, of all that were offered. */
export class NearestRows {
  readonly #wanted: number;
  readonly #ids: Float64Array;
  readonly #distances: Float64Array;
  #count = 0;
  /** Of the last that still counts, once there are enough. */
  #farthest = Number.POSITIVE_INFINITY;

  constructor(wanted: number) {
    this.#wanted = wanted;
    this.#ids = new Float64Array(2 * wanted);
    this.#distances = new Float64Array(2 * wanted);
  }

  /** @returns the distance that counts no more, nor does any above */
  offer(id: number, distance: number): number {
    if (!(distance < this.#farthest)) return this.#farthest; // nor one that is no number
    this.#ids[this.#count] = id;
    this.#distances[this.#count] = distance;
    this.#count += 1;
    if (this.#count === this.#ids.length) this.#keep();
    return this.#farthest;
  }

  /** @returns the nearest first, at most as many as are wanted */
  nearest(): NearRow[] {
    const rows = Array.from({ length: this.#count }, (_, i) => ({
      id: this.#ids[i] ?? 0,
      distance: this.#distances[i] ?? 0,
    }));
    return rows.sort((a, b) => a.distance - b.distance || a.id - b.id).slice(0, this.#wanted);
  }

  /** Of those that are as far away as the last that counts, the first that were offered. */
  #keep(): void {
    const farthest = this.#distances.toSorted()[this.#wanted - 1] ?? 0;
    let nearer = 0;
    for (const distance of this.#distances) if (distance < farthest) nearer += 1;
    let equal = this.#wanted - nearer;
    this.#count = 0;
    for (let i = 0; i < this.#ids.length; i++) {
      const distance = this.#distances[i] ?? 0;
      if (distance > farthest || (distance === farthest && equal-- <= 0)) continue;
      this.#ids[this.#count] = this.#ids[i] ?? 0;
      this.#distances[this.#count] = distance;
      this.#count += 1;
    }
    this.#farthest = farthest;
  }
}
