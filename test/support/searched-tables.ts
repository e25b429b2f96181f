import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { connect, Index, type Table } from "@lancedb/lancedb";
import { Field, FixedSizeList, Float32, Table as Rows, Utf8, vectorFromArray } from "apache-arrow";
import { columnsOf } from "../../lib/adapters/arrow/arrow-schema.ts";
import { LanceReader } from "../../lib/adapters/lance/reading/lance-reader.ts";
import type { ReplicatedReader } from "../../lib/adapters/lance/replicas/replicated-reader.ts";
import { RowMemory } from "../../lib/adapters/lance/rows/row-memory.ts";
import type { Metric, Publication } from "../../lib/domain/index/index-entry.ts";
import type { Reader } from "../../lib/domain/search/reader.ts";
import { copiedPublication, copiedReader, copiedRef } from "./copied-reader.ts";
import { filterTable, rowCount } from "./filter-rows.ts";
import { seededRandom } from "./seeded-random.ts";

/**
 * Tables of the same rows by each type of index, which a search is compared with every row of: those of `filterTable` over
 * and over, some deleted, some without a vector, some that no index holds, some equal.
 */
export const dimension = 8;
const blocks = 40;
const blocksUnindexed = 2;
export const rowsInAll = (blocks + blocksUnindexed) * rowCount;

const random = seededRandom(19);
const anyVector = () => Array.from({ length: dimension }, () => random() - 0.5);
const drawn = Array.from({ length: rowsInAll }, anyVector);

/** Of a row: every 17th is as the one before, so that distances tie. */
export const vectorOf = (row: number): number[] => drawn[row % 17 === 0 && row > 0 ? row - 1 : row] ?? [];
/** Arrow's builder cuts off a null that is the last of its block. */
export const hasVector = (row: number): boolean => row % 13 !== 5 || row % rowCount === rowCount - 1;
export const isDeleted = (row: number): boolean => row % 11 === 4;
export const idOf = (row: number): string => `r${row}`;
export const rowOf = (docId: string): number => Number(docId.slice(1));

const kinds = [
  ["IVF_FLAT", "l2", { numPartitions: 8 }],
  ["IVF_PQ", "cosine", { numPartitions: 6, numSubVectors: 4, numBits: 4 }],
  ["IVF_RQ", "l2", { numPartitions: 6, numBits: 4 }],
  ["HNSW_SQ", "cosine", { numPartitions: 2, m: 6, efConstruction: 30 }],
  ["EXACT", "dot", {}],
] as const;

export interface SearchedTable {
  type: Publication["indexType"];
  published: Publication;
  /** From the table; from rows in memory; from copies of what a store holds. */
  readers: { plain: Reader; held: Reader; copied: ReplicatedReader };
  close(): Promise<void>;
}

/** Of each type one, in a folder of its own. */
export const searchedTables = (folder: string): Promise<SearchedTable[]> =>
  Promise.all(kinds.map((kind) => searchedTable(join(folder, kind[0]), kind)));

async function searchedTable(root: string, [type, metric, parameters]: (typeof kinds)[number]) {
  const database = join(root, "lance", copiedRef.index);
  await mkdir(database, { recursive: true });
  const connection = await connect(database);
  const table = await connection.createTable(copiedRef.generation, indexed);
  if (type !== "EXACT") await table.createIndex("vector", { config: configOf(type, metric, parameters) });
  await table.add(unindexed);
  const gone = Array.from({ length: rowsInAll }, (_, row) => row).filter(isDeleted);
  await table.delete(`doc_id IN (${gone.map((row) => `'${idOf(row)}'`).join(", ")})`);
  const columns = columnsOf(await table.schema());
  const published = {
    ...copiedPublication(dimension, rowsInAll),
    ...{ metric, indexType: type, indexParameters: parameters, columns, searchDefaults: {} },
  } as unknown as Publication;
  const copied = await copiedReader({ root, published });
  const plain = await LanceReader.over(table, published);
  const held = await heldReader(table, published);
  const close = async () => {
    await copied.close();
    table.close();
    connection.close();
  };
  return { type, published, readers: { plain, held, copied: copied.reader }, close } satisfies SearchedTable;
}

async function heldReader(table: Table, published: Publication): Promise<LanceReader> {
  const held = await LanceReader.over(table, published, new RowMemory(16_777_216));
  await held.warm();
  return held;
}

function configOf(type: (typeof kinds)[number][0], distanceType: Metric, parameters: object): Index {
  if (type === "IVF_PQ") return Index.ivfPq({ distanceType, ...parameters });
  if (type === "IVF_RQ") return Index.ivfRq({ distanceType, ...parameters });
  if (type === "HNSW_SQ") return Index.hnswSq({ distanceType, ...parameters });
  return Index.ivfFlat({ distanceType, ...parameters });
}

function rowsFrom(from: number, to: number): Rows {
  const [first, ...more] = Array.from({ length: to - from }, (_, i) => block(from + i));
  return (first as Rows).concat(...more);
}

const filtered = filterTable();
const filterColumns = Object.fromEntries(
  filtered.schema.fields
    .filter(({ name }) => name !== "vector" && name !== "doc_id")
    .map(({ name }) => [name, filtered.getChild(name)]),
);
const vectorType = new FixedSizeList(dimension, new Field("item", new Float32(), true));

function block(number: number): Rows {
  const rows = Array.from({ length: rowCount }, (_, i) => number * rowCount + i);
  const vectors = rows.map((row) => (hasVector(row) ? vectorOf(row) : null));
  return new Rows({
    doc_id: vectorFromArray(rows.map(idOf), new Utf8()),
    ...filterColumns,
    vector: vectorFromArray(vectors, vectorType),
  } as never);
}

const indexed = rowsFrom(0, blocks);
const unindexed = rowsFrom(blocks, blocks + blocksUnindexed);

/** Every row that a search may find, nearest first, as the metric says. */
export function bruteForce(metric: Metric, query: number[], holds: (row: number) => unknown) {
  return Array.from({ length: rowsInAll }, (_, row) => row)
    .filter((row) => hasVector(row) && !isDeleted(row) && holds(row) === true)
    .map((row) => ({ row, distance: distanceOf(metric, query, vectorOf(row)) }))
    .sort((a, b) => a.distance - b.distance);
}

function distanceOf(metric: Metric, a: number[], b: number[]): number {
  const [x, y] = [a.map(Math.fround), b.map(Math.fround)];
  const dot = x.reduce((sum, one, i) => sum + one * (y[i] ?? 0), 0);
  if (metric === "dot") return 1 - dot;
  if (metric === "l2") return x.reduce((sum, one, i) => sum + (one - (y[i] ?? 0)) ** 2, 0);
  return 1 - dot / Math.hypot(...x) / Math.hypot(...y);
}
