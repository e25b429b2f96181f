import { badRequest, type Issue } from "../errors.ts";
import type { Column } from "../index/index-entry.ts";
import { listed } from "../listed.ts";
import { listOf } from "../values/column-types.ts";
import { kindOf } from "../values/filter-types.ts";
import { type DocumentForm, idField } from "./document-batch.ts";
import type { StreamedDocuments } from "./document-tables.ts";

/**
 * Columns of a stream that are not the index's, or whose values would be taken for something else: bytes have the form of
 * text in JSON. Whether each value fits is looked at where documents are.
 * @throws BadRequest naming them (`schema.size`)
 */
export function refuseOtherColumns(form: DocumentForm, { columns, documents }: StreamedDocuments): void {
  const issues = columns.flatMap((column) => columnIssues(form, column));
  if (documents.length === 0) issues.push({ path: "documents", message: "has none" });
  if (issues.length > 0) throw badRequest(issues);
}

function columnIssues({ columns, idColumn, vectorColumn }: DocumentForm, { name, type }: Column): Issue[] {
  const path = `schema.${name}`;
  const isAlias = name === idField && !columns.some((one) => one.name === idField);
  const own = columns.find((one) => one.name === (isAlias ? idColumn : name));
  if (!own)
    return [{ path, message: `no such column; there are: ${listed(columns.map((one) => one.name))}` }];
  if (own.name === vectorColumn)
    return isVector(type) ? [] : [{ path, message: `is ${type}, which holds no vectors` }];
  return isTaken(type, own.type) ? [] : [{ path, message: `is ${type}, the column is ${own.type}` }];
}

const numbers = ["integer", "number", "decimal"];

function isVector(type: string): boolean {
  const kind = kindOf(listOf(type)?.item ?? "");
  return kind !== undefined && numbers.includes(kind);
}

/** Whether values of one may be values of the other. */
function isTaken(type: string, own: string): boolean {
  if (type === own || type === "Null") return true;
  const [list, ownList] = [listOf(type), listOf(own)];
  if (list && ownList) return isTaken(list.item, ownList.item);
  const [kind, ownKind] = [kindOf(type), kindOf(own)];
  if (kind === undefined || ownKind === undefined) return false;
  return kind === ownKind || (numbers.includes(kind) && numbers.includes(ownKind)) || kind === "string";
}
