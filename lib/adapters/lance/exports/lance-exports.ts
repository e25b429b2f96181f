import { createHash } from "node:crypto";
import type { Query, Table } from "@lancedb/lancedb";
import { limits } from "../../../config/limits.ts";
import { DomainError } from "../../../domain/errors.ts";
import type { ExportedRows, Exports, ParquetFileBytes } from "../../../domain/export/exports.ts";
import type { GenerationRef } from "../../../domain/index/index-entry.ts";
import type { Stores } from "../../../domain/object-store.ts";
import { columnsOf } from "../../arrow/arrow-schema.ts";
import { folderOf } from "../files/generation-folder.ts";
import { readManifest } from "../files/manifest.ts";
import { manifestKey } from "../files/manifest-name.ts";
import { fromLance, isGone } from "../lance-errors.ts";
import type { LanceTables } from "../tables/lance-tables.ts";
import { rawBatches } from "./raw-batches.ts";

/** Makes a Parquet file of batches of Arrow IPC. @param repeating columns whose values may be alike */
export type WriteParquet = (
  batches: AsyncIterator<Uint8Array>,
  repeating: string[],
) => Promise<{ bytes: Uint8Array; rows: number }>;

/** Versions of LanceDB tables as Parquet. */
export class LanceExports implements Exports {
  readonly #tables: LanceTables;
  readonly #stores: Stores;
  readonly #write: WriteParquet;

  constructor(tables: LanceTables, stores: Stores, write: WriteParquet) {
    this.#tables = tables;
    this.#stores = stores;
    this.#write = write;
  }

  async sizeOf(ref: GenerationRef, version: number): Promise<{ rows: number; bytes: number }> {
    return this.#at(ref, version, async (table) => {
      const [{ numRows, totalBytes }, told] = await Promise.all([table.stats(), this.#bytesOf(ref, version)]);
      return { rows: Number(numRows), bytes: told ?? Number(totalBytes) };
    });
  }

  /** Without indexes. @returns undefined where the manifest does not say */
  async #bytesOf(ref: GenerationRef, version: number): Promise<number | undefined> {
    const manifest = await this.#stores(ref.bucket).get(manifestKey(folderOf(ref), version));
    if (!manifest) return undefined;
    try {
      return readManifest(manifest.body).fragments.reduce((sum, { bytes }) => sum + bytes, 0) || undefined;
    } catch {
      return undefined;
    }
  }

  async parquetOf(which: ExportedRows, signal: AbortSignal): Promise<ParquetFileBytes> {
    const { ref, version, columns, offset, rows, batchRows } = which;
    return this.#at(ref, version, async (table) => {
      const query = table.query().select(columns).offset(offset).limit(rows) as Query;
      const repeating = columnsOf(await table.schema()).filter(({ type }) => mayRepeat.test(type));
      const names = repeating.map(({ name }) => name).filter((name) => columns.includes(name));
      const { bytes, rows: written } = await this.#write(rawBatches(query, batchRows, signal), names);
      if (written !== rows)
        throw new DomainError("RowsMiscounted", `of rows ${offset} to ${offset + rows} ${written} came`);
      return { bytes, rows, sha256: createHash("sha256").update(bytes).digest("hex") };
    });
  }

  async sha256Of(bucket: string, key: string, bytes: number, identity: string): Promise<string> {
    const hash = createHash("sha256");
    for (let at = 0; at < bytes; at += limits.exportBatchBytes) {
      const end = Math.min(bytes, at + limits.exportBatchBytes);
      hash.update(await this.#stores(bucket).read(key, at, end, identity));
    }
    return hash.digest("hex");
  }

  /** @throws SourceChanged where the version, or a file of it, is gone */
  async #at<T>(ref: GenerationRef, version: number, read: (table: Table) => Promise<T>): Promise<T> {
    try {
      return await this.#tables.with(ref, async (table) => {
        await table.checkout(version);
        return read(table);
      });
    } catch (error) {
      const known = fromLance(error);
      throw isGone(known) ? gone(ref, version, known) : known;
    }
  }
}

/** Of lists the library takes no such wish: their values are those of a path, and it knows names. */
const mayRepeat = /^(Utf8|Binary|U?Int|Decimal|Date|Time|Duration)/;

const gone = ({ index }: GenerationRef, version: number, cause: unknown) =>
  new DomainError(
    "SourceChanged",
    `version ${version} of index "${index}" is gone, in whole or in part: another client has cleaned it up while it was exported; start again`,
    { cause },
  );
