import { randomUUID } from "node:crypto";
import middy from "@middy/core";
import type { DomainError } from "../domain/errors.ts";
import type { HttpEvent } from "./http-handler.ts";
import type { HttpResponse } from "./problem.ts";
import { reportRequest } from "./report-request.ts";

const stack = middy<HttpEvent & { error: DomainError }, HttpResponse>()
  .use(reportRequest("refused"))
  .handler(async ({ error }) => {
    throw error;
  });

/**
 * The answer to a request that reaches no handler, as a handler would give it: a problem, a line in the log.
 * @param headers of the request, for its correlation id
 */
export function refusal(error: DomainError, headers: Record<string, unknown> = {}): Promise<HttpResponse> {
  const event = { headers, error } as unknown as HttpEvent & { error: DomainError };
  return stack(event, { awsRequestId: randomUUID() } as never) as Promise<HttpResponse>;
}
