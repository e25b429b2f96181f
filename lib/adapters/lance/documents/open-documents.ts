import type { MergeResult, Table } from "@lancedb/lancedb";
import type { Table as ArrowTable } from "apache-arrow";
import { limits } from "../../../config/limits.ts";
import { idsOf } from "../../../domain/documents/document-batch.ts";
import type {
  Committed,
  DocumentBatch,
  DocumentPatch,
  OpenDocuments,
  PastDocuments,
} from "../../../domain/documents/document-tables.ts";
import { badRequest, type DomainError } from "../../../domain/errors.ts";
import type { Column } from "../../../domain/index/index-entry.ts";
import type { Filter } from "../../../domain/values/filter.ts";
import { idScalar, type StoredValue } from "../../../domain/values/stored-value.ts";
import { columnsOf } from "../../arrow/arrow-schema.ts";
import { documentTable } from "../../arrow/document-table.ts";
import { typeNamed } from "../../arrow/stored-types.ts";
import { fromLance, isGone } from "../lance-errors.ts";
import { filterToSql } from "../reading/filter-sql.ts";
import { jsonRows } from "../rows/json-values.ts";
import { changedRows } from "./changed-rows.ts";
import { mergeRows } from "./merge-rows.ts";
import { reshaped } from "./reshaped.ts";

/** The documents of an open table, as they are at its version. */
export async function openDocuments(table: Table, gather: OpenDocuments["gather"]): Promise<OpenDocuments> {
  const schema = await table.schema();
  const required = schema.fields.filter(({ nullable }) => !nullable).map(({ name }) => name);
  const at = { columns: columnsOf(schema), required, version: await table.version() };
  return new TableDocuments(table, at, gather);
}

class TableDocuments implements OpenDocuments {
  readonly columns: Column[];
  readonly version: number;
  readonly required: string[];
  readonly gather: OpenDocuments["gather"];
  readonly #table: Table;

  constructor(
    table: Table,
    { columns, required, version }: Pick<OpenDocuments, "columns" | "required" | "version">,
    gather: OpenDocuments["gather"],
  ) {
    this.columns = columns;
    this.required = required;
    this.version = version;
    this.gather = gather;
    this.#table = table;
  }

  get writable(): Column[] {
    return this.columns.filter(({ type }) => typeNamed(type));
  }

  async present(idColumn: string, ids: StoredValue[], filter?: Filter): Promise<StoredValue[]> {
    return (await this.#rowsOf(idColumn, ids, [idColumn], filter)).flatMap(firstColumn);
  }

  async ids(idColumn: string, filter: Filter, limit: number): Promise<StoredValue[]> {
    const sql = filterToSql(filter, this.columns);
    return firstColumn(await this.#table.query().where(sql).select([idColumn]).limit(limit).toArrow());
  }

  async upsert(idColumn: string, batch: DocumentBatch): Promise<Committed> {
    return committed(await mergeRows(this.#table, idColumn, documentTable(batch)));
  }

  async change(idColumn: string, patch: DocumentPatch): Promise<Committed> {
    const names = this.writable.map(({ name }) => name);
    const read = await this.#rowsOf(idColumn, idsOf(idColumn, patch), names);
    const [first, ...others] = read.map((rows) => changedRows(rows, idColumn, patch));
    if (!first) return { version: this.version, inserted: 0, updated: 0, deleted: 0 };
    return committed(await mergeRows(this.#table, idColumn, first.concat(...others), "left"));
  }

  async count(filter: Filter): Promise<number> {
    return this.#table.countRows(filterToSql(filter, this.columns));
  }

  async delete(filter: Filter): Promise<Committed> {
    const { version, numDeletedRows } = await this.#table.delete(filterToSql(filter, this.columns));
    return { version, inserted: 0, updated: 0, deleted: Number(numDeletedRows) };
  }

  async isEmpty(): Promise<boolean> {
    return (await this.#table.countRows()) === 0;
  }

  async shape(kept: string[], columns: Column[]): Promise<OpenDocuments> {
    await reshaped(this.#table, kept, columns);
    return openDocuments(this.#table, this.gather);
  }

  async at<T>(version: number, look: (documents: PastDocuments) => Promise<T>): Promise<T | undefined> {
    try {
      await this.#table.checkout(version);
      const columns = columnsOf(await this.#table.schema());
      return await look(new TableDocuments(this.#table, { columns, required: [], version }, this.gather));
    } catch (error) {
      if (isGone(fromLance(error))) return undefined;
      throw error;
    } finally {
      await this.#table.checkoutLatest();
    }
  }

  async holds(idColumn: string, patch: DocumentPatch): Promise<boolean> {
    const isHere = (at: number) => this.columns.some(({ name }) => name === patch.columns[at]?.name);
    const all = patch.columns.map((_, at) => at);
    const lacking = all.filter((at) => !isHere(at)); // which later versions may have, with nulls
    if (patch.rows.some((row) => lacking.some((at) => (row[at] ?? null) !== null))) return false;
    const given = all.filter((at) => isHere(at) && patch.rows.some((row) => row[at] !== undefined));
    const columns = given.map((at) => patch.columns[at] as Column);
    const names = columns.map(({ name }) => name);
    const found = await this.#rowsOf(idColumn, idsOf(idColumn, patch), names);
    const there = new Map(
      found.flatMap((part) => jsonRows(part, names)).map((row) => [String(row[idColumn]), row]),
    );
    const rows = patch.rows.map((row) => given.map((at) => row[at] ?? null));
    return jsonRows(documentTable({ columns, rows }), names).every((wanted, i) => {
      const row = there.get(String(wanted[idColumn]));
      const isAs = (name: string) => JSON.stringify(row?.[name]) === JSON.stringify(wanted[name]);
      return row && names.every((name, j) => patch.rows[i]?.[given[j] ?? -1] === undefined || isAs(name));
    });
  }

  /**
   * Lance refuses whatever began before a version was restored. What another client has committed between the look at the newest
   * version and its restoration would be undone by that: then what it committed is restored.
   */
  async fence(permit: () => Promise<void>): Promise<number> {
    await this.#table.checkout(this.version);
    await permit(); // but once: what was undone is restored whoever has the turn now
    for (let newest = this.version; ; ) {
      await this.#table.checkout(newest);
      await this.#table.restore();
      const now = await this.#table.version();
      if (now === newest + 1) return now;
      newest = now - 1;
    }
  }

  async #rowsOf(
    idColumn: string,
    ids: StoredValue[],
    columns: string[],
    filter?: Filter,
  ): Promise<ArrowTable[]> {
    const parts: ArrowTable[] = [];
    let bytes = 0;
    for (let i = 0; i < ids.length; i += limits.maxFetchedDocuments) {
      const some = ids.slice(i, i + limits.maxFetchedDocuments).map(idScalar);
      const isOne: Filter = { op: "in", column: idColumn, values: some };
      const sql = filterToSql(filter ? { op: "and", filters: [isOne, filter] } : isOne, this.columns);
      const part = await this.#table.query().where(sql).select(columns).toArrow();
      bytes += part.batches.reduce((sum, { data }) => sum + data.byteLength, 0);
      if (bytes > limits.maxChangedBytes) throw tooLong();
      parts.push(part);
    }
    return parts;
  }
}

function committed({ version, numInsertedRows, numUpdatedRows }: MergeResult): Committed {
  return { version, inserted: numInsertedRows, updated: numUpdatedRows, deleted: 0 };
}

function tooLong(): DomainError {
  const most = limits.maxChangedBytes / 1_048_576;
  return badRequest({ path: "documents", message: `have more than ${most} MiB; change fewer at once` });
}

const firstColumn = (rows: ArrowTable) => Array.from(rows.getChildAt(0) ?? []) as StoredValue[];
