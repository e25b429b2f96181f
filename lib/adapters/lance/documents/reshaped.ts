import { makeArrowTable, type Table } from "@lancedb/lancedb";
import type { Schema } from "apache-arrow";
import type { Column } from "../../../domain/index/index-entry.ts";
import { columnsOf } from "../../arrow/arrow-schema.ts";
import { schemaOf } from "../../arrow/document-table.ts";

/**
 * Gives a table without rows these columns beside those that stay. Not by making it anew, which Lance would do to whatever is
 * there: columns come and go in commits that are refused when a writer that seemed dead is fenced off.
 */
export async function reshaped(table: Table, kept: string[], columns: Column[]): Promise<void> {
  const stored = columnsOf(await table.schema());
  const isAsked = ({ name, type }: Column) => columns.some((one) => one.name === name && one.type === type);
  const gone = stored.filter((column) => !kept.includes(column.name) && !isAsked(column));
  if (gone.length > 0) await table.dropColumns(gone.map(({ name }) => name));
  const left = stored.filter((column) => !gone.includes(column)).map(({ name }) => name);
  const more = columns.filter(({ name }) => !left.includes(name));
  if (more.length > 0) await table.addColumns(asLanceHasIt(schemaOf(more)));
}

/** It tells a schema by its class, and types by theirs, which are those of its own copy of Arrow. */
const asLanceHasIt = (schema: Schema): Schema => makeArrowTable([], { schema }).schema;
