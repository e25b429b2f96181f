import type { Table } from "@lancedb/lancedb";
import type { Table as ArrowTable } from "apache-arrow";
import { limits } from "../../../config/limits.ts";
import type {
  Committed,
  DocumentBatch,
  OpenDocuments,
  PastDocuments,
} from "../../../domain/documents/document-tables.ts";
import type { Column } from "../../../domain/index/index-entry.ts";
import type { Filter, Scalar } from "../../../domain/values/filter.ts";
import type { StoredValue } from "../../../domain/values/stored-value.ts";
import { columnsOf } from "../../arrow/arrow-schema.ts";
import { documentTable } from "../../arrow/document-table.ts";
import { fromLance, isGone } from "../lance-errors.ts";
import { filterToSql } from "../reading/filter-sql.ts";
import { jsonRows } from "../rows/json-values.ts";
import { mergeRows } from "./merge-rows.ts";

/** The documents of an open table, as they are at its version. */
export async function openDocuments(table: Table): Promise<OpenDocuments> {
  const columns = columnsOf(await table.schema());
  return new TableDocuments(table, columns, await table.version());
}

class TableDocuments implements OpenDocuments {
  readonly columns: Column[];
  readonly version: number;
  readonly #table: Table;

  constructor(table: Table, columns: Column[], version: number) {
    this.columns = columns;
    this.version = version;
    this.#table = table;
  }

  async present(idColumn: string, ids: StoredValue[]): Promise<StoredValue[]> {
    const found = await this.#rowsOf(idColumn, ids, [idColumn]);
    return found.flatMap((part) => Array.from(part.getChildAt(0) ?? []) as StoredValue[]);
  }

  async upsert(idColumn: string, batch: DocumentBatch): Promise<Committed> {
    const merged = await mergeRows(this.#table, idColumn, documentTable(batch));
    const { version, numInsertedRows, numUpdatedRows } = merged;
    return { version, inserted: numInsertedRows, updated: numUpdatedRows, deleted: 0 };
  }

  async count(filter: Filter): Promise<number> {
    return this.#table.countRows(filterToSql(filter, this.columns));
  }

  async delete(filter: Filter): Promise<Committed> {
    const { version, numDeletedRows } = await this.#table.delete(filterToSql(filter, this.columns));
    return { version, inserted: 0, updated: 0, deleted: Number(numDeletedRows) };
  }

  async at<T>(version: number, look: (documents: PastDocuments) => Promise<T>): Promise<T | undefined> {
    try {
      await this.#table.checkout(version);
      const columns = columnsOf(await this.#table.schema());
      return await look(new TableDocuments(this.#table, columns, version));
    } catch (error) {
      if (isGone(fromLance(error))) return undefined;
      throw error;
    } finally {
      await this.#table.checkoutLatest();
    }
  }

  async holds(idColumn: string, batch: DocumentBatch): Promise<boolean> {
    const names = batch.columns.map(({ name }) => name);
    if (names.some((name) => !this.columns.some((column) => column.name === name))) return false;
    const at = names.indexOf(idColumn);
    const ids = batch.rows.map((row) => row[at] ?? null);
    const found = (await this.#rowsOf(idColumn, ids, names)).flatMap((part) => jsonRows(part, names));
    const there = new Set(found.map((row) => JSON.stringify(row)));
    return jsonRows(documentTable(batch), names).every((row) => there.has(JSON.stringify(row)));
  }

  /**
   * Lance refuses whatever began before a version was restored. What another client has committed between the look at the newest
   * version and its restoration would be undone by that: then what it committed is restored.
   */
  async fence(): Promise<number> {
    for (let newest = this.version; ; ) {
      await this.#table.checkout(newest);
      await this.#table.restore();
      const now = await this.#table.version();
      if (now === newest + 1) return now;
      newest = now - 1;
    }
  }

  async #rowsOf(idColumn: string, ids: StoredValue[], columns: string[]): Promise<ArrowTable[]> {
    const parts: ArrowTable[] = [];
    for (let i = 0; i < ids.length; i += limits.maxFetchedDocuments) {
      const some = ids.slice(i, i + limits.maxFetchedDocuments).map(scalarOf);
      const sql = filterToSql({ op: "in", column: idColumn, values: some }, this.columns);
      parts.push(await this.#table.query().where(sql).select(columns).toArrow());
    }
    return parts;
  }
}

const scalarOf = (id: StoredValue): Scalar => (typeof id === "bigint" ? String(id) : (id as Scalar));
