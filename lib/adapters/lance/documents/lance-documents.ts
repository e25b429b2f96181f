import type { Table } from "@lancedb/lancedb";
import type {
  CarriedWrites,
  DocumentBatch,
  DocumentTables,
  LeftVersions,
  OpenDocuments,
  PrunedVersions,
  StreamedDocuments,
} from "../../../domain/documents/document-tables.ts";
import { DomainError } from "../../../domain/errors.ts";
import type { Column, GenerationRef } from "../../../domain/index/index-entry.ts";
import type { Stores } from "../../../domain/object-store.ts";
import type { TextIndex } from "../../../domain/text/full-text.ts";
import { columnsOf } from "../../arrow/arrow-schema.ts";
import { documentTable, schemaOf } from "../../arrow/document-table.ts";
import { typeNamed } from "../../arrow/stored-types.ts";
import { folderOf } from "../files/generation-folder.ts";
import type { LanceTables } from "../tables/lance-tables.ts";
import { indexTexts } from "../text-indexes.ts";
import { carry } from "./carry.ts";
import { gatherFragments } from "./gather-fragments.ts";
import { openDocuments } from "./open-documents.ts";
import { pruneVersions } from "./prune-versions.ts";
import { streamedDocuments } from "./streamed-documents.ts";

/** Documents in LanceDB tables. */
export class LanceDocuments implements DocumentTables {
  readonly #tables: LanceTables;
  readonly #stores: Stores;

  constructor(tables: LanceTables, stores: Stores) {
    this.#tables = tables;
    this.#stores = stores;
  }

  /** Of texts, too: rows that no index of its column holds are cut as that is told. */
  async create(ref: GenerationRef, columns: Column[], fullText: TextIndex[]): Promise<void> {
    await this.#tables.connected(ref, async (connection) => {
      const table = await connection.createEmptyTable(ref.generation, schemaOf(columns), {
        mode: "create",
        existOk: true,
      });
      try {
        await refuseOther(table, columns);
        for (const index of fullText) await indexTexts(table, index);
      } finally {
        table.close();
      }
    });
  }

  isStored(type: string): boolean {
    return typeNamed(type) !== undefined;
  }

  prepare(batch: DocumentBatch): void {
    documentTable(batch);
  }

  streamed(stream: Uint8Array): StreamedDocuments {
    return streamedDocuments(stream);
  }

  async carry(writes: CarriedWrites): Promise<{ version: number; rows: number }> {
    return carry(this.#tables, this.#stores(writes.from.bucket), writes);
  }

  async prune(ref: GenerationRef, which: PrunedVersions): Promise<LeftVersions | undefined> {
    const left = await pruneVersions(this.#stores(ref.bucket), folderOf(ref), which);
    if (!left) this.#tables.fallbacksOf(ref).happened("pruned-versions", "table-not-known");
    return left;
  }

  async with<T>(ref: GenerationRef, work: (documents: OpenDocuments) => Promise<T>): Promise<T> {
    const [store, fallbacks] = [this.#stores(ref.bucket), this.#tables.fallbacksOf(ref)];
    return this.#tables.with(ref, async (table) =>
      work(
        await openDocuments(table, (idColumn) => gatherFragments({ table, store, fallbacks, ref }, idColumn)),
      ),
    );
  }
}

async function refuseOther(table: Table, columns: Column[]): Promise<void> {
  const asked = JSON.stringify(columns.map(({ name, type }) => ({ name, type })));
  if (JSON.stringify(columnsOf(await table.schema())) === asked) return;
  throw new DomainError("Conflict", "there is a table of that generation already, with other columns");
}
