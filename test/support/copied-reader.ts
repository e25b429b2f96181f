import { join } from "node:path";
import { connect } from "@lancedb/lancedb";
import { gatherOpening } from "../../lib/adapters/lance/opening/gather-opening.ts";
import type { Opening } from "../../lib/adapters/lance/opening/opening.ts";
import { LanceReader } from "../../lib/adapters/lance/reading/lance-reader.ts";
import { StoreTable } from "../../lib/adapters/lance/reading/store-table.ts";
import { localCopies } from "../../lib/adapters/lance/replicas/local-copies.ts";
import { ReplicatedReader } from "../../lib/adapters/lance/replicas/replicated-reader.ts";
import { LanceConnections } from "../../lib/adapters/lance/tables/connections.ts";
import { LocalStore } from "../../lib/adapters/store/local-store.ts";
import { Buckets } from "../../lib/domain/bucket.ts";
import { FallbackCounts } from "../../lib/domain/fallback-counts.ts";
import type { Publication } from "../../lib/domain/index/index-entry.ts";
import { neverLater } from "./never-later.ts";

/** A folder that is taken for a store far away, so that its tables are copied. */
class Remote extends LanceConnections {
  override isRemote = () => true;
}

export interface CopiedTable {
  /** Of the bucket `primary`; the table is `lance/docs/g1.lance` in it. */
  root: string;
  published: Publication;
  opening?: Opening;
  /** What copies are made from; LanceDB reads the folder itself. */
  store?: LocalStore;
  maxBytes?: number;
  /** Whether it goes on to later versions when it is told to look for them. */
  isFollowing?: boolean;
}

export const copiedRef = { bucket: "primary", index: "docs", generation: "g1" };

/** What is published of it, but for its columns. */
export const copiedPublication = (dimension: number, rows: number) => ({
  ...{
    generation: copiedRef.generation,
    bucket: copiedRef.bucket,
    idColumn: "doc_id",
    vectorColumn: "vector",
  },
  ...{ metric: "l2", dimension, indexType: "IVF_FLAT", rows, recall: { version: null } },
});

/** What a first search of that table reads beforehand. */
export function copiedOpening(root: string, { columns }: Publication, version: number): Promise<Opening> {
  const of = { ...copiedRef, vectorColumn: "vector", columns: columns.map(({ name }) => name), version };
  return gatherOpening(new LocalStore(root), of);
}

/** Reads a table as one in an object store is read: with copies of it on the disk. */
export async function copiedReader(of: CopiedTable) {
  const { root, published, opening, store = new LocalStore(root), maxBytes = 1_073_741_824 } = of;
  const fallbacks = new FallbackCounts(() => undefined);
  const bucket = { name: "primary", backend: "local", root, readOnly: false } as const;
  const connections = new Remote(new Buckets([bucket]), 512, fallbacks);
  const copies = localCopies(connections, () => store, maxBytes);
  const connection = await connect(join(root, "lance", copiedRef.index));
  const table = await LanceReader.over(await connection.openTable(copiedRef.generation), published);
  const later = of.isFollowing ? copies.laterVersionsOf(copiedRef) : neverLater;
  const stored = StoreTable.opened({ reader: table, release: () => undefined }, later);
  const reader = new ReplicatedReader(stored, copies, { ref: copiedRef, published, opening });
  const close = async () => {
    await copies.close();
    reader.close();
    connection.close();
    await connections.close();
  };
  const given = () =>
    fallbacks
      .seen(copiedRef.index)
      .map(({ fastPath, reason }) => `${fastPath} ${reason}`)
      .sort();
  return { reader, table, copies, given, close };
}
