import type { Tracer } from "@aws-lambda-powertools/tracer";
import type middy from "@middy/core";
import { tracer } from "../telemetry.ts";
import type { HttpEvent } from "./http-handler.ts";
import { errorOf, type HttpResponse } from "./problem.ts";

type Segment = ReturnType<Tracer["getSegment"]>;
type Open = { tracer: Tracer; parent: Segment; own: NonNullable<Segment> };

/** An X-Ray subsegment a request, named by its operation; what was asked and answered is not in it. */
export function traceRequest(name: string): middy.MiddlewareObj<HttpEvent, HttpResponse> {
  const open = new WeakMap<object, Open>();
  const close = (request: middy.Request<HttpEvent, HttpResponse>) => {
    const traced = open.get(request);
    if (!traced) return;
    const error = request.error && errorOf(request.error);
    if (error && error.status > 499) traced.tracer.addErrorAsMetadata(error); // the caller's mistakes are no faults
    traced.own.close();
    traced.tracer.setSegment(traced.parent as NonNullable<Segment>);
  };
  return {
    before: async (request) => {
      const traced = begin(await tracer(), name);
      if (traced) open.set(request, traced);
    },
    after: close,
    onError: close,
  };
}

function begin(used: Tracer | undefined, name: string): Open | undefined {
  const parent = used?.getSegment();
  if (!used || !parent) return undefined;
  const own = parent.addNewSubsegment(`## ${name}`);
  used.setSegment(own);
  used.annotateColdStart();
  used.addServiceNameAnnotation();
  return { tracer: used, parent, own };
}
