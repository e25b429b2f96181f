import { badRequest } from "../errors.ts";
import type { SearchRequest } from "./search-request.ts";

const digestBytes = 12;
const idBytes = 6;

/**
 * Where a search goes on, as the client keeps it: fingerprints of the documents that were on the pages before, so that none
 * comes again, whatever is written meanwhile, and none is lost which only a deeper search finds. Before them stands a digest
 * of them and of the search. It tells a damaged cursor and one of another search; it protects nothing.
 */
export async function searchCursorOf(
  served: number[],
  index: string,
  request: SearchRequest,
): Promise<string> {
  const bytes = new DataView(new ArrayBuffer(served.length * idBytes));
  for (const [i, id] of served.entries()) {
    bytes.setUint16(i * idBytes, Math.floor(id / 2 ** 32));
    bytes.setUint32(i * idBytes + 2, id % 2 ** 32);
  }
  const ids = Buffer.from(bytes.buffer);
  return Buffer.concat([await digestOf(ids, index, request), ids]).toString("base64url");
}

/** @returns fingerprints of documents. @throws BadRequest where it is no cursor that this search has given */
export async function servedBy(cursor: string, index: string, request: SearchRequest): Promise<number[]> {
  const bytes = Buffer.from(cursor, "base64url");
  const ids = bytes.subarray(digestBytes);
  const served = Array.from({ length: Math.floor(ids.length / idBytes) }, (_, i) =>
    ids.readUIntBE(i * idBytes, idBytes),
  );
  if ((await searchCursorOf(served, index, request)) === cursor) return served;
  throw badRequest({
    path: "cursor",
    message: "is not the next of a page of this search; its vector, filter and settings stay the same",
  });
}

/** What may differ between pages. */
const perPage = new Set([
  ...["k", "offset", "cursor", "select", "count", "facets", "highlight", "explain"],
  ...["consistency", "minVersion", "minGeneration"],
]);

async function digestOf(ids: Buffer, index: string, request: SearchRequest): Promise<Buffer> {
  const same = Object.entries(request).filter(([name, value]) => !perPage.has(name) && value !== undefined);
  const search = JSON.stringify([index, ...same.sort(([a], [b]) => (a < b ? -1 : 1))]);
  const hashed = await crypto.subtle.digest("SHA-256", Buffer.concat([Buffer.from(search), ids]));
  return Buffer.from(hashed).subarray(0, digestBytes);
}

/**
 * 48 bits that tell an id from others (cyrb53, github.com/bryc/code): of 10,000 documents two have the same once in some
 * million searches.
 */
export function fingerprintOf(id: string): number {
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  for (let i = 0; i < id.length; i++) {
    const unit = id.charCodeAt(i);
    high = Math.imul(high ^ unit, 2_654_435_761);
    low = Math.imul(low ^ unit, 1_597_334_677);
  }
  high = mixed(high) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  low = mixed(low) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909);
  return (low & 0xffff) * 2 ** 32 + (high >>> 0);
}

const mixed = (hash: number) => Math.imul(hash ^ (hash >>> 16), 2_246_822_507);
