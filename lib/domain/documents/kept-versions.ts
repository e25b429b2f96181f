import { z } from "zod";
import type { ObjectStore } from "../object-store.ts";
import { parseStored } from "../stored/stored-json.ts";

/** What there was of a generation's versions when they were last looked at. */
export const keptVersions = z.object({
  generation: z.string(),
  /** The newest then. */
  version: z.int(),
  versions: z.int(),
  /** Of all files of the table. */
  bytes: z.int(),
  at: z.string(),
  /** When this newest version was first looked at. */
  seenAt: z.string().optional(),
  /** When files that no version names were last looked for. */
  sweptAt: z.string().optional(),
});
export type KeptVersions = z.infer<typeof keptVersions>;

/** Beside the index's turn, with which it goes. */
const keyOf = (index: string) => `registry/turns/${index}/versions.json`;

/** @returns undefined where nobody has looked yet */
export async function readKept(store: ObjectStore, index: string): Promise<KeptVersions | undefined> {
  const found = await store.get(keyOf(index));
  return found && parseStored(keptVersions, found.body, originOf(index));
}

export async function keepKept(store: ObjectStore, index: string, kept: KeptVersions): Promise<void> {
  await store.put(keyOf(index), new TextEncoder().encode(JSON.stringify(kept)));
}

const originOf = (index: string) =>
  ({
    kind: "versions",
    what: `the versions of index "${index}"`,
    remedy: "remove its object versions.json under registry/turns in the primary bucket",
  }) as const;
