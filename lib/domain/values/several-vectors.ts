import { listOf } from "./column-types.ts";

/** Of a column's type, as Arrow prints it: whether its rows may have several vectors, as late interaction compares them. */
export function holdsSeveralVectors(type: string): boolean {
  const vector = listOf(listOf(type)?.item ?? "");
  return vector !== undefined && /^(Float|Int|Uint)\d+$/.test(vector.item);
}

/** Whether what should be a vector are several. */
export const areSeveralVectors = (value: unknown): boolean => Array.isArray(value) && Array.isArray(value[0]);

/** Why they are refused, and what to do instead. `docs/searching.md` has what LanceDB makes of them. */
export const noSeveralVectors =
  "several vectors of one document are not searched (late interaction, MaxSim); write one document for each vector, with a column that says whose it is, or one vector for all of them, and put the nearest in order with rerank";
