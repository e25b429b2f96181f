import type { Filter } from "../values/filter.ts";
import type { GroupBy, GroupValue } from "./group-by.ts";
import type { HitGroup } from "./grouped-response.ts";
import type { Hit } from "./search-response.ts";

/** Rows that are still looked for: those with one of these values, or those with any other. */
export interface Restriction {
  values: GroupValue[];
  isOnly: boolean;
}

/** Of the best hits so far, those of each value of a column. */
export class HitGroups {
  readonly #asked: GroupBy;
  #groups: HitGroup[] = [];

  constructor(asked: GroupBy) {
    this.#asked = asked;
  }

  /** @param ranking all that was found, best first. @param groupOf its value of the column, by a document's id */
  rank(ranking: Hit[], groupOf: (docId: string) => GroupValue): void {
    const groups = new Map<GroupValue, Hit[]>();
    for (const hit of ranking) {
      const value = groupOf(hit.doc_id);
      const hits = groups.get(value) ?? [];
      if (hits.length < this.#asked.size) hits.push(hit);
      groups.set(value, hits);
    }
    this.#groups = [...groups].map(([value, hits]) => ({ value, hits }));
  }

  /** Those asked for, in the order of their best hits. */
  get best(): HitGroup[] {
    return this.#groups.slice(0, this.#asked.limit);
  }

  /** Whether nothing that is found later can be among them: each group is there, and full. */
  get areFull(): boolean {
    return this.#hasAll && this.best.every(this.#isFull);
  }

  /** What is to be found yet: more of groups that are not full, and others while these are too few. */
  get restriction(): Restriction | undefined {
    const [isOnly, among] = this.#hasAll ? [true, this.best] : [false, this.#groups];
    const values = among.filter((one) => this.#isFull(one) !== isOnly).map(({ value }) => value);
    return values.length > 0 ? { values, isOnly } : undefined;
  }

  get #hasAll(): boolean {
    return this.#groups.length >= this.#asked.limit;
  }

  readonly #isFull = ({ hits }: HitGroup): boolean => hits.length >= this.#asked.size;
}

/** The rows that a restriction leaves of those that a filter does. */
export function restricted(
  filter: Filter | undefined,
  column: string,
  restriction: Restriction | undefined,
): Filter | undefined {
  if (!restriction) return filter;
  const own = filterOf(column, restriction);
  return filter ? { op: "and", filters: [filter, own] } : own;
}

function filterOf(column: string, { values, isOnly }: Restriction): Filter {
  const some = values.filter((value) => value !== null);
  const isOfNull = some.length < values.length;
  const parts: Filter[] = [
    ...(some.length > 0
      ? [{ op: isOnly ? ("in" as const) : ("not_in" as const), column, values: some }]
      : []),
    ...(isOfNull === isOnly ? [{ op: "is_null" as const, column }] : []),
  ];
  const [first, second] = parts;
  if (!first) return { op: "exists", column };
  return second ? { op: "or", filters: [first, second] } : first;
}

/** The same of a value. */
export const isLeft = ({ values, isOnly }: Restriction, value: GroupValue): boolean =>
  values.includes(value) === isOnly;
