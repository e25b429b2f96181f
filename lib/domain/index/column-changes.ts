import { limits } from "../../config/limits.ts";
import { DomainError } from "../errors.ts";
import { listed } from "../listed.ts";
import type { Column, Publication } from "./index-entry.ts";

/** What another client has done to a column of a table since its generation was published. */
export interface ColumnChange {
  name: string;
  /** Its type when it was published; null of one that came since. */
  was: string | null;
  /** Its type in the table; null where it is gone. */
  is: string | null;
}

type Published = Pick<Publication, "idColumn" | "vectorColumn" | "columns">;

/** @param stored as the table has them now. A column that was renamed is gone, and another has come. */
export function columnChanges({ columns }: Pick<Published, "columns">, stored: Column[]): ColumnChange[] {
  const [was, is] = [typesOf(columns), typesOf(stored)];
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((name) => was.get(name) !== is.get(name))
    .map((name) => ({ name, was: was.get(name) ?? null, is: is.get(name) ?? null }));
}

/** The columns without which nothing is found. */
export const neededColumns = ({ idColumn, vectorColumn }: Published): string[] => [idColumn, vectorColumn];

/**
 * Of a table from which another client has taken what is needed.
 * @param needed without it, all that were published
 * @throws ColumnsChanged naming those that are gone or of another type
 */
export function refuseChangedColumns(published: Published, stored: Column[], needed?: string[]): void {
  const lost = columnChanges(published, stored).filter(({ name, was }) =>
    needed ? needed.includes(name) : was !== null,
  );
  if (lost.length === 0) return;
  const all = neededColumns(published);
  const remedy = lost.some(({ name }) => all.includes(name))
    ? "Put it back as it was, or load the index anew"
    : "Put it back as it was, or start an optimize job, after which the index is as the table is now";
  throw new DomainError(
    "ColumnsChanged",
    `another LanceDB client has changed the table of the index: ${listed(lost.map(inWords), limits.maxIssueLength)}. ${remedy}`,
  );
}

const typesOf = (columns: Column[]) => new Map(columns.map(({ name, type }) => [name, type]));

const inWords = ({ name, was, is }: ColumnChange) =>
  is === null ? `column "${name}" (${was}) is gone` : `column "${name}" is ${is} and was ${was}`;
