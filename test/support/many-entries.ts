import type { IndexEntry } from "../../lib/domain/index/index-entry.ts";
import type { ObjectStore } from "../../lib/domain/object-store.ts";
import { published } from "./stored-documents.ts";

const since = "2026-11-27T14:13:29.345Z";

/** An entry as a publication leaves it. */
export const servedEntry = (name: string): IndexEntry => ({
  name,
  state: "ready",
  published,
  lastGeneration: 1,
  claim: null,
  retiring: [],
  createdAt: since,
  updatedAt: since,
  lastJob: null,
});

export const nameOf = (number: number) => `tenant-${String(number).padStart(5, "0")}`;

/** Entries `tenant-00000`, … of indexes that have no tables. */
export async function writeEntries(store: ObjectStore, count: number): Promise<string[]> {
  const names = Array.from({ length: count }, (_, i) => nameOf(i));
  for (let at = 0; at < count; at += 50)
    await Promise.all(
      names.slice(at, at + 50).map((name) => {
        const body = Buffer.from(`${JSON.stringify(servedEntry(name), null, 2)}\n`);
        return store.put(`registry/indexes/${name}.json`, body);
      }),
    );
  return names;
}
