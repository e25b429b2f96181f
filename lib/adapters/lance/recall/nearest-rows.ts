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

  offer(id: number, distance: number): void {
    if (!(distance < this.#farthest)) return; // nor one that is no number
    this.#ids[this.#count] = id;
    this.#distances[this.#count] = distance;
    this.#count += 1;
    if (this.#count === this.#ids.length) this.#keep();
  }

  /** @returns the nearest first, at most as many as are wanted */
  nearest(): NearRow[] {
    const rows = Array.from({ length: this.#count }, (_, i) => ({
      id: this.#ids[i] ?? 0,
      distance: this.#distances[i] ?? 0,
    }));
    return rows.sort((a, b) => a.distance - b.distance || a.id - b.id).slice(0, this.#wanted);
  }

  #keep(): void {
    const nearest = this.nearest();
    for (const [i, { id, distance }] of nearest.entries()) {
      this.#ids[i] = id;
      this.#distances[i] = distance;
    }
    this.#count = nearest.length;
    this.#farthest = nearest.at(-1)?.distance ?? this.#farthest;
  }
}
