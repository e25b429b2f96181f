import type { Issue } from "../errors.ts";
import type { Column } from "../index/index-entry.ts";
import { listed } from "../listed.ts";

/** What a request names columns for. */
interface Use {
  /** Of the request. */
  field: string;
  /** Whether columns of a type can be used so. */
  isUsable: (type: string) => unknown;
  /** What is said of a column that cannot, behind its type. */
  otherwise: string;
}

/** Every column that is not there, cannot be used so, or is named twice. */
export function namedColumnIssues(
  asked: { column: string }[],
  columns: Column[],
  { field, isUsable, otherwise }: Use,
): Issue[] {
  const usable = columns.filter(({ type }) => isUsable(type)).map(({ name }) => name);
  return asked.flatMap(({ column }, i) => {
    const path = `${field}[${i}].column`;
    if (asked.findIndex((one) => one.column === column) < i) return [{ path, message: "is named before" }];
    if (usable.includes(column)) return [];
    const known = columns.find(({ name }) => name === column);
    const why = known ? `is ${known.type}, ${otherwise}` : "no such column";
    return [{ path, message: `${why}; there are: ${listed(usable)}` }];
  });
}
