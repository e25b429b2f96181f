import { idsOf } from "../documents/document-batch.ts";
import type { DocumentPatch, PastDocuments } from "../documents/document-tables.ts";
import { DomainError, type Issue } from "../errors.ts";
import type { Filter, Scalar } from "../values/filter.ts";
import { type StoredValue, storedValue } from "../values/stored-value.ts";

/** A filter that a key which writes may have: it says what a document of the key's has. */
export type OwnFilter = { op: "eq"; column: string; value: Scalar };

export const isOwnFilter = (filter: Filter): filter is OwnFilter => filter.op === "eq";

/**
 * What the ids of new documents begin with that a key with such a filter writes. So no key takes an id that another one
 * would take, and nobody can find out by trying which ids others have. No such text is the start of another.
 */
export const ownIdPrefix = ({ value }: OwnFilter) => `${encodeURIComponent(String(value))}:`;

/**
 * Refuses documents that the filter would not take.
 * @param isWhole whether a column that a document does not name becomes null
 * @throws Forbidden
 */
export function refuseOthers(forced: Filter, { columns, rows }: DocumentPatch, isWhole: boolean): void {
  const filter = ownFilterOf(forced);
  const at = columns.findIndex(({ name }) => name === filter.column);
  const type = columns[at]?.type;
  const own = type === undefined ? undefined : storedValue(filter.value, type);
  const isOwn = (value: StoredValue | undefined) => (value === undefined ? !isWhole : value === own);
  const message = `must be ${JSON.stringify(filter.value)}: the key has this filter`;
  refuse(
    rows.map((row) => isOwn(row[at])),
    filter.column,
    message,
  );
}

/**
 * Refuses ids that are others', and new ones that may be: one answer for both.
 * @param all the documents, of which `own` are those that the filter takes
 * @throws Forbidden
 */
export async function refuseOthersIds(
  forced: Filter,
  all: PastDocuments,
  own: PastDocuments,
  idColumn: string,
  patch: DocumentPatch,
): Promise<void> {
  const ids = idsOf(idColumn, patch);
  const [there, ownThere] = await Promise.all([all.present(idColumn, ids), own.present(idColumn, ids)]);
  const [counted, ownCounted] = [countsOf(there), countsOf(ownThere)];
  const prefix = ownIdPrefix(ownFilterOf(forced));
  const isOwn = (id: string) => {
    const count = counted.get(id) ?? 0;
    return count === (ownCounted.get(id) ?? 0) && (count > 0 || id.startsWith(prefix));
  };
  refuse(
    ids.map((id) => isOwn(String(id))),
    idColumn,
    `must begin with ${JSON.stringify(prefix)} where it is new`,
  );
}

/** By id: clients that write past the API may have written one more than once. */
function countsOf(ids: StoredValue[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const id of ids) counts.set(String(id), (counts.get(String(id)) ?? 0) + 1);
  return counts;
}

function ownFilterOf(forced: Filter): OwnFilter {
  if (isOwnFilter(forced)) return forced;
  throw new DomainError("Forbidden", "a key with this filter writes nothing");
}

/** @param isOwn by document */
function refuse(isOwn: boolean[], column: string, message: string): void {
  const issues = isOwn.flatMap((own, i): Issue[] =>
    own ? [] : [{ path: `documents[${i}].${column}`, message }],
  );
  if (issues.length === 0) return;
  throw new DomainError(
    "Forbidden",
    `${issues.length} of the documents are not the key's; none was written`,
    {
      issues,
    },
  );
}
