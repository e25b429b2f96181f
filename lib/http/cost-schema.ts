import { z } from "zod";
import { toldCost as cost, toldCounts } from "../domain/cost/cost-schema.ts";
import type { ExplainedCost } from "../domain/cost/spending.ts";
import { explainCost, toldCost } from "./explained-cost.ts";

/** What the header `x-cost` holds, as JSON. */
export const explainedCost: z.ZodType<ExplainedCost> = cost.extend({
  initMs: z.int().min(0),
  behind: toldCounts,
});

/** Of every request, beside its own. */
export const explainCostHeader = {
  [explainCost]: z.enum(["true"]).optional().meta({
    description: "The answer says what it cost (docs/cost.md); for keys that have a grant on * and no filter",
  }),
};

/** Of every answer to such a request. */
export const toldCostHeader = z.object({
  [toldCost]: z.string().optional().meta({
    description:
      "JSON: dollars, billedMs (initMs of it of a first request), memoryMb, store (get, head, put, list, delete, bytesRead, bytesWritten), counted, behind (of the store, behind earlier answers), shared",
  }),
});
