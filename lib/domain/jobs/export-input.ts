import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { columnName, indexName, splitSource } from "../names.ts";

/** In a folder of their own, no export can reach what else lies in a bucket, and no role has to be let to. */
const root = "exports";
const target = /^[a-z0-9][a-z0-9_.:-]{0,127}\/exports(\/[A-Za-z0-9][A-Za-z0-9_.=-]{0,127}){1,8}\/?$/;

export const exportInput = z
  .strictObject({
    type: z.literal("export"),
    index: indexName,
    target: z
      .string()
      .max(1_024)
      .regex(
        target,
        `bucket-alias/${root}/… with 1 to 8 more segments of A-Z a-z 0-9 _ . = -, each beginning with a letter or digit`,
      )
      .meta({
        description: `Where the files go: under ${root}/ in a registered bucket, a prefix under which there is nothing yet`,
        example: "primary/exports/words",
      }),
    columns: z
      .array(columnName)
      .min(1)
      .max(limits.maxColumns)
      .optional()
      .meta({ description: "These alone, in this order; all without it" }),
    fileRows: z
      .int()
      .min(1)
      .optional()
      .meta({ description: "Of each file at most; without it as many as make files of a good size" }),
    workers: z.int().min(1).max(limits.maxWorkers).default(limits.defaultWorkers),
  })
  .meta({
    id: "ExportJob",
    description: "Writes the published rows, at one version, as Parquet files with a manifest",
  });
export type ExportInput = z.output<typeof exportInput>;

/** The bucket of a target and the prefix of its files, which ends with `/`. */
export function splitTarget(target: string): { bucket: string; prefix: string } {
  const { bucket, key } = splitSource(target);
  return { bucket, prefix: `${key}/` };
}
