import { expect, test } from "vitest";
import type { LanceReader } from "../../../lib/adapters/lance/reading/lance-reader.ts";
import { StoreTable } from "../../../lib/adapters/lance/reading/store-table.ts";
import { LocalCopies } from "../../../lib/adapters/lance/replicas/local-copies.ts";
import type { Replicas } from "../../../lib/adapters/lance/replicas/replicas.ts";
import { ReplicatedReader } from "../../../lib/adapters/lance/replicas/replicated-reader.ts";
import { LocalStore } from "../../../lib/adapters/store/local-store.ts";
import type { ErrorKind } from "../../../lib/domain/error-table.ts";
import { DomainError } from "../../../lib/domain/errors.ts";
import type { Publication } from "../../../lib/domain/index/index-entry.ts";
import type { Query } from "../../../lib/domain/search/reader.ts";
import { neverLater } from "../../support/never-later.ts";

const hit = { doc_id: "d0", distance: 0, score: 1 };
const query = { vector: new Float32Array(4), k: 1, columns: [], settings: {}, timeoutMs: 1_000 } as Query;

/** A reader whose copy of the index tells the nearest rows, which cannot be taken from the store for this reason. */
function readerThatLoses(kind: ErrorKind): ReplicatedReader {
  const store = {
    version: 1,
    phases: { hitsOf: async () => Promise.reject(new DomainError(kind, "rows are gone")) },
    search: async () => [hit],
  } as unknown as LanceReader;
  const index = { nearest: async () => ({ version: 1, rows: [{ id: 0n, distance: 0 }] }) };
  const none = {
    at: () => undefined,
    openAt: () => undefined,
    open: async () => undefined,
    fill: async () => undefined,
    isLocal: () => false,
  };
  const copies = new LocalCopies(
    none as unknown as Replicas,
    { ...none, at: () => index } as unknown as Replicas,
    () => new LocalStore(""),
  );
  const published = { indexType: "IVF_RQ", vectorColumn: "vector" } as Publication;
  const ref = { bucket: "b", index: "i", generation: "g1" };
  const table = StoreTable.opened({ reader: store, release: () => undefined }, neverLater);
  return new ReplicatedReader(table, copies, { ref, published });
}

test("a search whose rows went away between the index and the table is made on the table alone", async () => {
  expect(await readerThatLoses("Internal").search(query)).toEqual([hit]);
  expect(await readerThatLoses("StoreUnavailable").search(query)).toEqual([hit]);
});

test("one that refines very many candidates is left to the table: their vectors would fill the memory", async () => {
  const settings = { refineFactor: 256 };
  const many = { ...query, k: 1_000, settings };
  expect(await readerThatLoses("DeadlineExceeded").search(many)).toEqual([hit]);
});

test("one whose deadline passed is not made again", async () => {
  await expect(readerThatLoses("DeadlineExceeded").search(query)).rejects.toMatchObject({
    kind: "DeadlineExceeded",
  });
});
