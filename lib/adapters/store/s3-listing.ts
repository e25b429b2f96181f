import type { ListedObject } from "../../domain/object-store.ts";

/** A page of a listing: what S3 answers to ListObjectsV2. */
export interface Listing {
  objects: ListedObject[];
  /** Of the next page; undefined on the last. */
  continuation?: string;
}

/** Reads the few elements that are needed of the XML, which a store writes as the protocol says: flat, without attributes. */
export function parseListing(xml: string): Listing {
  const objects = [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, entry = ""]) => ({
    key: elementOf(entry, "Key") ?? "",
    bytes: Number(elementOf(entry, "Size") ?? 0),
    identity: elementOf(entry, "ETag") ?? "",
    modifiedMs: Date.parse(elementOf(entry, "LastModified") ?? ""),
  }));
  return { objects, continuation: elementOf(xml, "NextContinuationToken") };
}

function elementOf(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return text?.replace(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, named) => {
    if (named) return characters[named] ?? whole;
    return String.fromCodePoint(hex ? Number.parseInt(hex, 16) : Number(decimal));
  });
}

const characters: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
