import { limits } from "../../config/limits.ts";
import { badRequest } from "../errors.ts";
import type { Column } from "../index/index-entry.ts";
import { listOf } from "../values/column-types.ts";
import { valueOrder } from "../values/value-order.ts";
import type { Facet, FacetRequest } from "./facets.ts";

type Value = string | number | boolean;

/** What of a column's values is held at most. */
interface Room {
  values: number;
  /** As text. */
  bytes: number;
}

const usualRoom: Room = { values: limits.countedFacetValues, bytes: limits.countedFacetBytes };

/**
 * Counts the values of one column, row by row. Where there are more than it holds, all counts are lowered together and
 * what falls to nothing is forgotten, so that none is further off than the sum of that (Misra and Gries, 1982).
 */
export class FacetCounts {
  readonly #asked: FacetRequest;
  readonly #path: string;
  readonly #type: string;
  readonly #isList: boolean;
  readonly #room: Room;
  #counts = new Map<Value, number>();
  #bytes = 0;
  #nulls = 0;
  #lowered = 0;

  /** @param path of the facet in the request */
  constructor(asked: FacetRequest, path: string, columns: Column[], room = usualRoom) {
    this.#asked = asked;
    this.#path = path;
    this.#type = columns.find(({ name }) => name === asked.column)?.type ?? "";
    this.#isList = listOf(this.#type) !== undefined;
    this.#room = room;
  }

  /** @param value of so many rows, as JSON has it. @throws BadRequest of a text that is too long */
  add(value: unknown, rows = 1): void {
    if (value === null) this.#nulls += rows;
    else if (!this.#isList) this.#count(value as Value, rows);
    else for (const item of new Set(value as (Value | null)[])) if (item !== null) this.#count(item, rows);
  }

  #count(value: Value, rows: number): void {
    const before = this.#counts.get(value);
    this.#counts.set(value, (before ?? 0) + rows);
    if (before !== undefined) return;
    this.#bytes += this.#bytesOf(value);
    if (this.#counts.size > this.#room.values || this.#bytes > this.#room.bytes) this.#forget();
  }

  #bytesOf(value: Value): number {
    if (typeof value !== "string") return 8;
    if (value.length <= limits.maxFacetValueLength) return 2 * value.length;
    throw badRequest({
      path: `${this.#path}.column`,
      message: `has values of more than ${limits.maxFacetValueLength} characters, which are not counted; choose a column with shorter ones`,
    });
  }

  /** Down to half of the values at most. */
  #forget(): void {
    const sorted = Float64Array.from(this.#counts.values()).sort();
    const least = sorted[sorted.length >> 1] as number;
    const left = [...this.#counts].flatMap(([value, count]): [Value, number][] =>
      count > least ? [[value, count - least]] : [],
    );
    this.#counts = new Map(left);
    this.#bytes = left.reduce((sum, [value]) => sum + this.#bytesOf(value), 0);
    this.#lowered += least;
  }

  /** Of the rows that were added. */
  get facet(): Facet {
    const isApproximate = this.#lowered > 0;
    const values = this.#most();
    return {
      column: this.#asked.column,
      values,
      moreValues: isApproximate ? null : this.#counts.size - values.length,
      nulls: this.#nulls,
      isApproximate,
      ...(isApproximate ? { countError: this.#lowered } : {}),
    };
  }

  /** Those that cannot be among the most are not sorted. */
  #most(): Facet["values"] {
    const { limit } = this.#asked;
    const counts = Float64Array.from(this.#counts.values()).sort();
    const least = counts[Math.max(0, counts.length - limit)] ?? 0;
    const order = valueOrder(this.#type);
    return [...this.#counts]
      .filter(([, count]) => count >= least)
      .sort(([a, some], [b, others]) => others - some || order(a, b))
      .slice(0, limit)
      .map(([value, count]) => ({ value, count }));
  }
}
