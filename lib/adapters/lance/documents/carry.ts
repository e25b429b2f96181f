import type { Table } from "@lancedb/lancedb";
import { limits } from "../../../config/limits.ts";
import type { CarriedWrites } from "../../../domain/documents/document-tables.ts";
import { DomainError } from "../../../domain/errors.ts";
import type { Column, GenerationRef } from "../../../domain/index/index-entry.ts";
import type { ObjectStore } from "../../../domain/object-store.ts";
import type { Scalar } from "../../../domain/values/filter.ts";
import { idScalar } from "../../../domain/values/stored-value.ts";
import { columnsOf } from "../../arrow/arrow-schema.ts";
import { folderOf } from "../files/generation-folder.ts";
import {
  type FragmentState,
  fragmentsOf,
  hasStableRowIds,
  haveSameColumns,
  type Manifest,
  readManifest,
} from "../files/manifest.ts";
import { manifestKey } from "../files/manifest-name.ts";
import { filterToSql } from "../reading/filter-sql.ts";
import type { LanceTables } from "../tables/lance-tables.ts";
import { fragmentRanges, rowsIn } from "./fragment-ranges.ts";
import { mergeRows } from "./merge-rows.ts";

/**
 * Does to one table what was done to another after a version. What that was the two manifests tell: a write leaves its rows in
 * fragments of their own, whose numbers are never used again, and marks those that they replace as deleted where they were.
 * So the rows of fragments that are new, or have other files, are upserted by their ids; those that a fragment had and has no
 * more are deleted, unless they are among these.
 * @throws Conflict
 */
export async function carry(
  tables: LanceTables,
  store: ObjectStore,
  writes: CarriedWrites,
): Promise<{ version: number; rows: number }> {
  const { from, since } = writes;
  return tables.with(from, async (source) => {
    const version = await source.version();
    if (version === since) return { version, rows: 0 };
    const [before, now] = await Promise.all([since, version].map((one) => manifestOf(store, from, one)));
    const changes = changesBetween(from, before as Manifest, now as Manifest);
    const gone = await goneIds(source, { since, version }, changes.shrunk, writes.idColumn);
    const written = await lastOfEach(source, changes.written, writes.idColumn);
    const rows = written.size + gone.length;
    if (rows > limits.maxCarriedRows) throw tooMany(from, rows);
    const names = commonColumns(columnsOf(await source.schema()), writes);
    await upsertRows(tables, { source, names, addresses: [...written.values()] }, writes);
    const left = gone.filter((id) => !written.has(String(id)));
    await deleteIds(tables, left, writes);
    return { version, rows };
  });
}

async function manifestOf(store: ObjectStore, ref: GenerationRef, version: number): Promise<Manifest> {
  const found = await store.get(manifestKey(folderOf(ref), version));
  if (!found) throw untold(ref, `version ${version} is not kept any more`);
  const manifest = readManifest(found.body);
  if (hasStableRowIds(manifest)) throw untold(ref, "its rows have ids of their own");
  return manifest;
}

interface Changes {
  /** Fragments all of whose rows may be new. */
  written: number[];
  /** Fragments that may have fewer rows than before. */
  shrunk: number[];
}

/** @throws Conflict */
function changesBetween(from: GenerationRef, before: Manifest, now: Manifest): Changes {
  if (!haveSameColumns(before, now)) throw untold(from, "another client has changed its columns");
  const [old, current] = [fragmentsOf(before), fragmentsOf(now)];
  const isOther = (id: number, key: keyof FragmentState) => old.get(id)?.[key] !== current.get(id)?.[key];
  return {
    written: [...current.keys()].filter((id) => isOther(id, "files")),
    shrunk: [...old.keys()].filter((id) => isOther(id, "deletions") || isOther(id, "files")),
  };
}

/** @throws Conflict */
function inFragments(fragments: number[]): string {
  const ranges = fragmentRanges(fragments);
  if (ranges.length > limits.maxCarriedRanges)
    throw new DomainError(
      "Conflict",
      "writes have changed too many parts of the table for a job to carry them over",
    );
  return rowsIn(ranges);
}

/** Addresses of rows by their ids; of rows with one id, which another client may have added, the last: a merge would add each. */
async function lastOfEach(table: Table, fragments: number[], idColumn: string): Promise<Map<string, bigint>> {
  if (fragments.length === 0) return new Map();
  const query = table.query().withRowId().where(inFragments(fragments)).select([idColumn, "_rowid"]);
  const found = await query.toArrow();
  const [ids, addresses] = [found.getChild(idColumn), found.getChild("_rowid")];
  return new Map(Array.from(ids ?? [], (id, row) => [String(id), addresses?.get(row) as bigint]));
}

async function addressesIn(table: Table, fragments: number[]): Promise<bigint[]> {
  const query = table.query().withRowId().where(inFragments(fragments)).select(["_rowid"]);
  return Array.from((await query.toArrow()).getChild("_rowid") ?? []) as bigint[];
}

/** Ids of rows that these fragments had, and have no more. The table is at its newest version before and after. */
async function goneIds(
  table: Table,
  { since, version }: { since: number; version: number },
  fragments: number[],
  idColumn: string,
): Promise<Scalar[]> {
  if (fragments.length === 0) return [];
  const there = new Set(await addressesIn(table, fragments));
  await table.checkout(since);
  try {
    const gone = (await addressesIn(table, fragments)).filter((address) => !there.has(address));
    return await idsAt(table, gone, idColumn);
  } finally {
    await table.checkout(version);
  }
}

async function idsAt(table: Table, addresses: bigint[], idColumn: string): Promise<Scalar[]> {
  const ids: Scalar[] = [];
  for (let i = 0; i < addresses.length; i += limits.carriedBatchRows) {
    const some = addresses.slice(i, i + limits.carriedBatchRows);
    const found = await table.takeRowIds(some).select([idColumn]).toArrow();
    ids.push(...Array.from(found.getChildAt(0) ?? [], idScalar));
  }
  return ids;
}

/** @throws Conflict where the vectors of one cannot be those of the other */
function commonColumns(stored: Column[], { from, columns, idColumn, vectorColumn }: CarriedWrites): string[] {
  const types = new Map(stored.map(({ name, type }) => [name, type]));
  const common = columns.filter(({ name, type }) => types.get(name) === type).map(({ name }) => name);
  const missing = [idColumn, vectorColumn].find((name) => !common.includes(name));
  if (missing === undefined) return common;
  throw untold(from, `its column "${missing}" is another than that of what the job has built`);
}

async function upsertRows(
  tables: LanceTables,
  { source, names, addresses }: { source: Table; names: string[]; addresses: bigint[] },
  { to, idColumn, permit }: CarriedWrites,
): Promise<void> {
  for (let i = 0; i < addresses.length; i += limits.carriedBatchRows) {
    const some = addresses.slice(i, i + limits.carriedBatchRows);
    const rows = await source.takeRowIds(some).select(names).toArrow();
    await tables.with(to, async (target) => {
      await permit();
      await mergeRows(target, idColumn, rows);
    });
  }
}

async function deleteIds(
  tables: LanceTables,
  ids: Scalar[],
  { to, idColumn, permit }: CarriedWrites,
): Promise<void> {
  for (let i = 0; i < ids.length; i += limits.maxFetchedDocuments)
    await tables.with(to, async (target) => {
      const values = ids.slice(i, i + limits.maxFetchedDocuments);
      const sql = filterToSql({ op: "in", column: idColumn, values }, columnsOf(await target.schema()));
      await permit();
      await target.delete(sql);
    });
}

function untold({ index }: GenerationRef, why: string): DomainError {
  return new DomainError(
    "Conflict",
    `index "${index}" was written to after the job began, and what was written cannot be carried over: ${why}. Start the job again`,
  );
}

function tooMany({ index }: GenerationRef, rows: number): DomainError {
  return new DomainError(
    "Conflict",
    `${rows} rows of index "${index}" were written after the job began, of which it carries over ${limits.maxCarriedRows}. Start it again, or write more slowly while it runs`,
  );
}
