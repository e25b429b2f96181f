import { z } from "zod";
import { fallbackCounts } from "../../domain/fallbacks.ts";
import { bucketAlias } from "../../domain/names.ts";
import { common, type Operations } from "./operation.ts";

/** What tells of the service itself. */
export const serviceOperations = {
  listBuckets: {
    ...common,
    method: "get",
    route: "/buckets",
    summary: "Registered buckets",
    needs: "known",
    response: z.strictObject({
      buckets: z.array(
        z.strictObject({ name: bucketAlias, backend: z.enum(["local", "s3"]), readOnly: z.boolean() }),
      ),
    }),
  },
  health: {
    ...common,
    method: "get",
    route: "/health",
    summary: "Liveness, with versions and what has fallen back to a slower way",
    needs: "nothing",
    response: z.strictObject({
      status: z.literal("ok"),
      versions: z.record(z.string(), z.string()),
      uptimeSeconds: z.number(),
      fallbacks: fallbackCounts,
    }),
  },
  openapi: {
    ...common,
    method: "get",
    route: "/openapi.json",
    summary: "This contract",
    needs: "nothing",
    response: z.looseObject({ openapi: z.string() }),
  },
} satisfies Operations;
