import type { Hit } from "./search-response.ts";

const rows = new WeakMap<Hit, bigint>();

/** A hit that is looked at and not answered, whose row is known as long as it is there. */
export function located(inner: Hit, row: bigint): Hit {
  rows.set(inner, row);
  return inner;
}

/** Another of the same row. */
export function asLocated(inner: Hit, as: Hit): Hit {
  const row = rows.get(as);
  return row === undefined ? inner : located(inner, row);
}

/** The ids of inner hits' rows. @returns undefined where one is not known */
export function rowsOf(hits: Hit[]): bigint[] | undefined {
  const found = hits.flatMap((one) => rows.get(one) ?? []);
  return found.length === hits.length ? found : undefined;
}

/** Which of two hits with the same score is first: by their ids, or in a leg of a search by both by their rows. */
export function byPlace(a: Hit, b: Hit, isOfLeg: boolean): number {
  const [first = a.doc_id, second = b.doc_id] = (isOfLeg && rowsOf([a, b])) || [];
  return first < second ? -1 : 1;
}
