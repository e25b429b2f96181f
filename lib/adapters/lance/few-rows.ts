import { setImmediate } from "node:timers/promises";
import type { Metric } from "../../domain/index-entry.ts";
import type { Nearest, Neighbours, ProbeVector } from "../../domain/ports.ts";
import { exactDistance } from "./exact-distance.ts";
import { nearestIds } from "./nearest-ids.ts";

/** Neighbours among few rows of a table, whose vectors are read once: LanceDB would read them for every ten queries. */
export class FewRows implements Neighbours {
  readonly approximate: Neighbours["approximate"];
  readonly #metric: Metric;
  readonly #read: () => Promise<ProbeVector[]>;
  #rows: Promise<ProbeVector[]> | undefined;

  /** @param read reads them */
  constructor(metric: Metric, read: () => Promise<ProbeVector[]>, approximate: Neighbours["approximate"]) {
    this.#metric = metric;
    this.#read = read;
    this.approximate = approximate;
  }

  async exact(vectors: Float32Array[], k: number): Promise<Nearest[]> {
    this.#rows ??= this.#read();
    const rows = await this.#rows;
    const nearest: Nearest[] = [];
    for (const own of vectors) {
      const distances = rows.map(({ id, vector }) => ({
        id: String(id),
        distance: exactDistance(this.#metric, own, vector),
      }));
      nearest.push(nearestIds(this.#metric, distances, k, true));
      await setImmediate(); // a heartbeat may be due
    }
    return nearest;
  }
}
