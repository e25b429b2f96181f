import { z } from "zod";
import { errorTable } from "../domain/error-table.ts";
import { documentOperations } from "./operations/documents.ts";
import { fetchingOperations } from "./operations/fetching.ts";
import { indexOperations } from "./operations/indexes.ts";
import { jobOperations } from "./operations/jobs.ts";
import { keyOperations } from "./operations/keys.ts";
import type { Operations } from "./operations/operation.ts";
import { searchingOperations } from "./operations/searching.ts";
import { serviceOperations } from "./operations/service.ts";

/** Every route; a function imports its own group alone. */
export const operations = {
  ...searchingOperations,
  ...fetchingOperations,
  ...documentOperations,
  ...indexOperations,
  ...jobOperations,
  ...keyOperations,
  ...serviceOperations,
} satisfies Operations;

export type OperationName = keyof typeof operations;

const codes = Object.values(errorTable).map(({ code }) => code);

/** RFC 9457, for every status of 400 and above. */
export const problem = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.enum(codes as [string, ...string[]]),
    detail: z.string().optional(),
    instance: z.string().meta({ description: "urn:request: and the request's correlation id" }),
    issues: z.array(z.strictObject({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: "Problem" });
