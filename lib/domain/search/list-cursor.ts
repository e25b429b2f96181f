import { limits } from "../../config/limits.ts";
import { badRequest, DomainError } from "../errors.ts";
import type { Filter } from "../values/filter.ts";
import type { Freshness } from "./freshness.ts";
import type { OrderBy } from "./ordering.ts";

/** Where a list goes on: in one version of a generation, whose rows never change, behind so many of them. */
export interface ListPlace {
  generation: string;
  version: number;
  offset: number;
}

/**
 * A place as the client keeps it: base64url of its parts and a digest of them, of the index, filter and order. It tells a
 * damaged cursor and one of another list; it protects nothing, as any place may be read by whoever may read the index.
 */
export async function cursorOf(
  { generation, version, offset }: ListPlace,
  index: string,
  filter?: Filter,
  orderBy?: OrderBy,
): Promise<string> {
  const list = orderBy ? [filter ?? null, orderBy] : [filter ?? null];
  const bound = JSON.stringify([index, ...list, generation, version, offset]);
  const hashed = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(bound));
  const digest = Buffer.from(hashed).toString("base64url").slice(0, limits.cursorDigestLength);
  return Buffer.from(JSON.stringify([generation, version, offset, digest])).toString("base64url");
}

/** @throws BadRequest where it is no cursor that a list of this index, filter and order has given */
export async function placeOf(
  cursor: string,
  index: string,
  filter?: Filter,
  orderBy?: OrderBy,
): Promise<ListPlace> {
  const place = readPlace(cursor);
  if (place && (await cursorOf(place, index, filter, orderBy)) === cursor) return place;
  throw badRequest({
    path: "cursor",
    message: `is not the next of a list of this index with this filter${orderBy ? " in this order" : ""}; begin without one`,
  });
}

/**
 * Of a place that is not where who asks wants to read.
 * @throws CursorExpired, BadRequest
 */
export function refuseOtherVersion(
  from: ListPlace,
  generation: string,
  { minVersion = 0, minGeneration }: Pick<Freshness, "minVersion" | "minGeneration">,
): void {
  if (from.generation !== generation)
    throw new DomainError(
      "CursorExpired",
      `the cursor is of generation ${from.generation}, and ${generation} is published now; begin without it`,
    );
  const isOfBefore = minGeneration !== undefined && minGeneration !== generation; // then it was reached
  if (isOfBefore || from.version >= minVersion) return;
  const message = `the cursor is of version ${from.version}; begin without it to see a later one`;
  throw badRequest({ path: "minVersion", message });
}

function readPlace(cursor: string): ListPlace | undefined {
  try {
    const [generation, version, offset] = JSON.parse(Buffer.from(cursor, "base64url").toString());
    const isPlace = typeof generation === "string" && isCount(version) && isCount(offset);
    return isPlace && offset <= limits.maxListOffset ? { generation, version, offset } : undefined;
  } catch {
    return undefined; // no JSON, or no list
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
