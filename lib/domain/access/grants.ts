import { z } from "zod";
import { limits } from "../../config/limits.ts";

/** What may be done with an index, each by itself: none of them comes with another. */
export const actions = ["search", "read", "write", "jobs", "admin"] as const;
export type Action = (typeof actions)[number];

/** A name, or the start of names with a * behind it. */
const pattern = (start: string, example: string) =>
  z
    .string()
    .regex(new RegExp(`^(${start}\\*?|\\*)$`), "must be a name, the start of names with * behind it, or *")
    .meta({ example });

export const grant = z
  .strictObject({
    actions: z.array(z.enum(actions)).min(1).max(actions.length).meta({
      description:
        "search: search and warm. read: documents by id, lists, descriptions. write: documents. jobs: migrate, build-index, optimize, export. admin: make, change and drop indexes; on * also keys",
    }),
    indexes: z.array(pattern("[a-z0-9][a-z0-9_-]{0,62}", "team-*")).min(1).max(limits.maxGrantedNames),
    buckets: z
      .array(pattern("[a-z0-9][a-z0-9_.:-]{0,127}", "source"))
      .max(limits.maxGrantedNames)
      .default([])
      .meta({
        description: "That jobs may load from and write indexes to; primary may always be written to",
      }),
  })
  .meta({ id: "Grant" });
export type Grant = z.output<typeof grant>;

export const grants = z.array(grant).min(1).max(limits.maxGrants);
