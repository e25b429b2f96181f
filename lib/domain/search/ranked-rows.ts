import { bestOfBoth, type LegHits } from "./fused-hits.ts";
import type { GroupValue } from "./group-by.ts";
import type { Restriction } from "./hit-groups.ts";
import { asLocated, byPlace } from "./located-hits.ts";
import { type GroupedRequest, groupOf, type RankedLeg } from "./ranked-legs.ts";
import type { LegName } from "./search-request.ts";
import type { Hit } from "./search-response.ts";

/** What the legs of a search have found so far, each document once. */
export class RankedRows {
  readonly #legs: RankedLeg[];
  readonly #request: GroupedRequest;
  readonly #without: string | undefined;
  readonly #found: Record<LegName, Map<string, Hit>> = { vector: new Map(), text: new Map() };
  readonly #values = new Map<string, GroupValue>();
  /** As they were found, by which their rows are known. */
  readonly #hits = new Map<string, Hit>();

  /** @param without the document whose neighbours are searched for */
  constructor(legs: RankedLeg[], request: GroupedRequest, without: string | undefined) {
    this.#legs = legs;
    this.#request = request;
    this.#without = without;
  }

  /** Takes the k best that each leg finds of what is left. @returns whether there is nothing more */
  async add(k: number, restriction: Restriction | undefined): Promise<boolean> {
    const rankings = await Promise.all(
      this.#legs.map(async (leg) => ({ leg, ...(await leg.best(k, restriction)) })),
    );
    for (const { leg, hits } of rankings) for (const one of hits) this.#take(leg.name, one);
    return rankings.every(({ isAll }) => isAll);
  }

  #take(leg: LegName, hit: Hit): void {
    const { doc_id, distance, score } = hit;
    if (doc_id === this.#without || this.#found[leg].has(doc_id)) return;
    this.#hits.set(doc_id, hit);
    this.#values.set(doc_id, groupOf(hit, this.#request.groupBy));
    const own = { doc_id, ...(distance === undefined ? {} : { distance }), score };
    this.#found[leg].set(doc_id, asLocated(own, hit));
  }

  /** All of it, best first. A rank in a leg is among what that leg has found. */
  get ranking(): Hit[] {
    const legs: LegHits = {
      vector: [...this.#found.vector.values()].sort((a, b) => (a.distance ?? 0) - (b.distance ?? 0)),
      text: [...this.#found.text.values()].sort(
        (a, b) => b.score - a.score || byPlace(a, b, this.#legs.length > 1),
      ),
    };
    const [first, second] = this.#legs;
    return first && !second
      ? legs[first.name]
      : bestOfBoth(legs, this.#request.hybrid, Number.POSITIVE_INFINITY);
  }

  /** Hits of the ranking as they were found. */
  foundAs = (hits: Hit[]): Hit[] => hits.flatMap(({ doc_id }) => this.#hits.get(doc_id) ?? []);

  readonly valueOf = (docId: string): GroupValue => this.#values.get(docId) ?? null;
}
