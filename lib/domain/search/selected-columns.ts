import { badRequest, type Issue } from "../errors.ts";
import type { Column, Publication } from "../index/index-entry.ts";
import { listed } from "../listed.ts";

/**
 * The columns asked for, checked against those there are; all but the vector when none are named.
 * @throws BadRequest naming every unknown one and those there are
 */
export function selectedColumns(
  select: string[] | undefined,
  columns: Column[],
  { vectorColumn }: Pick<Publication, "vectorColumn">,
): string[] {
  const issues = selectIssues(select, columns);
  if (issues.length > 0) throw badRequest(issues);
  if (select) return [...new Set(select)];
  return columns.map(({ name }) => name).filter((name) => name !== vectorColumn);
}

/** Every unknown column of a selection, with those there are. */
export function selectIssues(select: string[] | undefined, columns: Column[]): Issue[] {
  const known = columns.map(({ name }) => name);
  return (select ?? []).flatMap((name, i) =>
    known.includes(name)
      ? []
      : [{ path: `select[${i}]`, message: `no such column; there are: ${listed(known)}` }],
  );
}
