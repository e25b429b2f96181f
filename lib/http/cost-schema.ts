import { z } from "zod";
import type { ExplainedCost } from "../domain/cost/spending.ts";
import { explainCost, toldCost } from "./explained-cost.ts";

const count = z.int().min(0);
const store = z.strictObject({
  get: count,
  head: count,
  put: count,
  list: count,
  delete: count,
  bytesRead: count,
  bytesWritten: count,
});

/** What the header `x-cost` holds, as JSON. */
export const explainedCost: z.ZodType<ExplainedCost> = z.strictObject({
  dollars: z.number().min(0),
  billedMs: count,
  initMs: count,
  memoryMb: z.number(),
  store,
  counted: z.enum(["all", "own requests"]),
  behind: store,
  shared: z.boolean(),
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
