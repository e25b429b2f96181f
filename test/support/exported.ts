import { createHash } from "node:crypto";
import { tableFromIPC } from "apache-arrow";
import { readParquet } from "parquet-wasm/node";
import { expect } from "vitest";
import type { ObjectStore } from "../../lib/domain/object-store.ts";

/** What lies under the prefix of an export. */
export interface Exported {
  manifest: {
    job: string;
    version: number;
    rows: number;
    files: { name: string; rows: number; bytes: number; sha256: string }[];
    [field: string]: unknown;
  };
  /** By file, in their order. */
  ids: string[][];
}

/**
 * Reads an export and expects that it is whole: its manifest, the files that this names, and nothing else; each with the
 * rows, bytes and checksum that it tells.
 * @param prefix ends with `/`
 */
export async function wholeExport(store: ObjectStore, prefix: string, context = prefix): Promise<Exported> {
  const body = (await store.get(`${prefix}manifest.json`))?.body;
  const manifest: Exported["manifest"] = JSON.parse(new TextDecoder().decode(body));
  const names = (await store.list(prefix)).map(({ key }) => key.slice(prefix.length));
  const named = manifest.files.map(({ name }) => name);
  expect(names.toSorted(), context).toEqual([...named, "manifest.json"].sort());
  const ids: string[][] = [];
  for (const { name, rows, bytes, sha256 } of manifest.files) {
    const file = (await store.get(prefix + name))?.body ?? new Uint8Array();
    const found = { bytes: file.length, sha256: createHash("sha256").update(file).digest("hex") };
    expect(found, `${context}: ${name}`).toEqual({ bytes, sha256 });
    const column = tableFromIPC(readParquet(file).intoIPCStream()).getChild("doc_id");
    ids.push(Array.from(column ?? [], String));
    expect(ids.at(-1), `${context}: ${name}`).toHaveLength(rows);
  }
  expect(ids.flat(), context).toHaveLength(manifest.rows);
  return { manifest, ids };
}
