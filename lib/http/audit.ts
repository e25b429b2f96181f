import type middy from "@middy/core";
import { jobId } from "../domain/names.ts";
import { logger } from "../telemetry.ts";
import { callerOf } from "./caller.ts";
import type { HttpEvent } from "./http-handler.ts";
import type { Operation } from "./operations/operation.ts";
import type { HttpResponse } from "./problem.ts";

export const isAudited = ({ method, needs }: Operation): boolean =>
  method !== "get" && ["write", "jobs", "admin", "keys"].includes(needs);

/** A log line for each request that changes something: who, what, of which index, how it ended. Nothing of its content. */
export function audit(name: string, operation: Operation): middy.MiddlewareObj<HttpEvent, HttpResponse> {
  const note = ({ event, response }: middy.Request<HttpEvent, HttpResponse>) => {
    const caller = callerOf(event);
    if (!isAudited(operation) || !caller || !response) return;
    const { statusCode: status, headers } = response;
    const { id, subject } = caller.principal;
    logger.info("audit", {
      ...{ who: id, subject, did: name, index: caller.index, of: idIn(event) },
      ...{ made: headers["location"], status, correlation_id: headers["x-correlation-id"] },
    });
  };
  return { after: note, onError: note };
}

/** Of a job or a key; what is neither is not written down, as it may be anything. */
function idIn({ pathParameters }: HttpEvent): string | undefined {
  const { success, data } = jobId.safeParse(pathParameters?.["id"]);
  return success ? data : undefined;
}
