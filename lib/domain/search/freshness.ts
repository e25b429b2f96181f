import { z } from "zod";

export const consistency = z.enum(["eventual", "strong"]).meta({
  description:
    "eventual: sees every write acknowledged 5 s ago, or as long ago as maxStalenessMs of the index says. strong: sees every acknowledged write, at the cost of asking the store first.",
});
export type Consistency = z.infer<typeof consistency>;

export const minVersion = z.int().min(1).meta({
  description:
    "The read sees at least this version of the table, else it is refused (version-not-reached). A look at the store is paid only where the container knows of none as late.",
});

export const minGeneration = z
  .string()
  .regex(/^g[1-9]\d{0,8}$/, "must be a generation as a write answers it, such as g7")
  .meta({
    description:
      "The generation that minVersion is of, as a write answers both: a later one has all that was acknowledged in it, and counts its versions by itself. Without it, minVersion is of the published one",
  });

const isMoment = (text: string) =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/.test(text) &&
  !Number.isNaN(Date.parse(text));

export const asOf = z
  .union([z.int().min(1), z.string().max(64)])
  .refine(
    (one) => typeof one === "number" || /^g[1-9]\d{0,8}\.[1-9]\d{0,14}$/.test(one) || isMoment(one),
    "must be a version, such as 7 or g2.7, or a moment, such as 2026-02-03T04:05:06Z",
  )
  .meta({
    description:
      "What is read is as it was at a version of what is published (7, or with its generation g2.7), or at a moment (ISO 8601 with its offset)",
  });
export type AsOf = z.output<typeof asOf>;

/** How new what is read has to be. */
export interface Freshness {
  consistency: Consistency;
  /** Of the table of `minGeneration`, or of the published one. */
  minVersion?: number | undefined;
  minGeneration?: string | undefined;
}
