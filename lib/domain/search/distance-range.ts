import { z } from "zod";

/** Hits from `min`, included, to below `max`, as answers show distances. */
export const distanceRange = z
  .strictObject({ min: z.number().optional(), max: z.number().optional() })
  .refine(({ min, max }) => min !== undefined || max !== undefined, "must have min, max or both")
  .refine(({ min, max }) => min === undefined || max === undefined || min < max, "min must be less than max")
  .meta({
    description:
      "Hits at these distances alone: from min, included, to below max, both by the index's metric and by the full vectors, never by codes. Beside text it bounds what the vector leg finds, not what words do",
    example: { max: 0.8 },
  });
export type DistanceRange = z.infer<typeof distanceRange>;

export const isWithin = (
  { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }: DistanceRange,
  d: number,
) => d >= min && d < max;
