import { z } from "zod";
import { tally } from "./upkeep.ts";

/** What of a write has to be known when its process dies: the digests of its Idempotency-Key and of what it writes. */
export const keyedWrite = z.object({ key: z.string(), request: z.string() });
export type KeyedWrite = z.infer<typeof keyedWrite>;

export const turn = z.object({
  /** Null where nobody has it. */
  holder: z.string().nullable(),
  since: z.string(),
  write: keyedWrite.optional(),
  /** Of the served generation when the one before was over: what the holder commits is later. */
  version: z.int().optional(),
  tally: tally.optional(),
});
export type Turn = z.infer<typeof turn>;

/** What is known of a turn that nobody ended: what it was about to write, and after which version of which generation. */
export interface Abandoned {
  write?: Turn["write"];
  version?: Turn["version"];
  tally?: Turn["tally"];
}

export function turnOf(holder: string | null, since: string, left: Abandoned): Turn {
  return { holder, since, ...known(left) };
}

/** What there is of it: what is undefined is not stored. */
export function known({ write, version, tally }: Abandoned): Abandoned {
  return {
    ...(write ? { write } : {}),
    ...(version === undefined ? {} : { version }),
    ...(tally ? { tally } : {}),
  };
}

export const folderOf = (index: string) => `registry/turns/${index}/`;
export const keyOf = (index: string) => `${folderOf(index)}turn.json`;

export const originOf = (index: string) =>
  ({
    kind: "turn",
    what: `who writes to index "${index}"`,
    remedy: "remove its object under registry/turns in the primary bucket while nobody writes to the index",
  }) as const;
