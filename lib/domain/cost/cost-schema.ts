import { z } from "zod";

const count = z.int().min(0);

/** Requests to stores by kind, and bytes, as callers are told. */
export const toldCounts = z.strictObject({
  get: count,
  head: count,
  put: count,
  list: count,
  delete: count,
  bytesRead: count,
  bytesWritten: count,
});

/** What a request cost, as its caller is told. */
export const toldCost = z.strictObject({
  dollars: z.number().min(0),
  billedMs: count,
  memoryMb: z.number(),
  store: toldCounts,
  counted: z.enum(["all", "own requests"]),
  shared: z.boolean(),
});
