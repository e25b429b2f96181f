import { z } from "zod";
import { limits } from "../../config/limits.ts";

/** Versions from one to another, both included. */
const range = z.tuple([z.int(), z.int()]);
type Range = z.infer<typeof range>;

/** Which versions of a generation turns have made, as far as that is known; what is in none of its lists was written by turns. */
export const turnVersions = z.object({
  /** What came up to it is not known. */
  since: z.int(),
  upTo: z.int(),
  /** Made by something else than a turn, as by another LanceDB client. */
  others: z.array(range),
  /** By which turns gathered fragments. */
  gathered: z.array(z.int()),
});
export type TurnVersions = z.infer<typeof turnVersions>;

/** What one turn made. */
export interface TurnCommits {
  /** That the turn before it left, where that was one of this generation. */
  left: number | undefined;
  /** Of the generation when it was published. */
  published: number | undefined;
  /** When the turn opened the table. */
  opened: number;
  /** Before its commit: it may have given the table other columns. */
  shaped: number;
  committed: number;
  gathered: number | undefined;
}

/**
 * With a turn's versions. What was between it and the one before it was made by others, and so was what lies between its own.
 * @param before undefined where there was none, or none that told
 */
export function withTurn(before: TurnVersions | undefined, made: TurnCommits): TurnVersions {
  const { left, published, opened, shaped, committed, gathered } = made;
  const known = before && before.upTo === left ? before : undefined;
  const isFirst = left === undefined && published !== undefined && published <= opened;
  const after = known ? known.upTo : isFirst ? published : opened;
  const upTo = Math.max(committed, gathered ?? 0);
  const others = [
    ...(known?.others ?? []),
    ...rangeOf(after + 1, opened),
    ...rangeOf(shaped + 1, committed - 1),
    ...(gathered === undefined ? [] : rangeOf(committed + 1, gathered - 1)),
  ];
  const all = [
    ...(known?.gathered ?? []),
    ...(gathered !== undefined && gathered > committed ? [gathered] : []),
  ];
  return bounded({ since: known?.since ?? after, upTo, others, gathered: all });
}

const rangeOf = (from: number, to: number): Range[] => (from <= to ? [[from, to]] : []);

/** The oldest are forgotten: nothing is known of what came up to them. */
function bounded({ since, upTo, others, gathered }: TurnVersions): TurnVersions {
  const forgotten = others.slice(0, -limits.toldVersionRanges).at(-1)?.[1] ?? since;
  const lost = gathered.slice(0, -limits.toldVersionRanges).at(-1) ?? since;
  const from = Math.max(since, forgotten, lost);
  return {
    since: from,
    upTo,
    others: others.filter(([, to]) => to > from),
    gathered: gathered.filter((version) => version > from),
  };
}

/** Who made a version of a generation. */
export type MadeBy = "write" | "maintenance" | "client" | "unknown";

/**
 * @param turns undefined where no turn has written to the generation, or none that told
 * @param isTold whether what is after the last turn can only be of others: nobody is writing, and it is of this generation
 */
export function madeBy(version: number, turns: TurnVersions | undefined, isTold: boolean): MadeBy {
  if (!turns || version > turns.upTo) return isTold ? "client" : "unknown";
  if (version <= turns.since) return "unknown";
  if (turns.others.some(([from, to]) => version >= from && version <= to)) return "client";
  return turns.gathered.includes(version) ? "maintenance" : "write";
}
