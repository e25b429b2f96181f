/** How API Gateway, or a function's own URL, is asked for by its parameters: origins of browsers, a line a request. */
module.exports = async ({ resolveVariable }) => {
  const { corsOrigins, accessLog } = await resolveVariable("self:custom.parameters");
  return {
    cors: corsOrigins === null ? false : corsOf(corsOrigins),
    accessLog: accessLog ? { format: JSON.stringify(logged) } : false,
  };
};

/** What requests send and browsers may read of answers. Credentials are none: keys come in a header. */
const corsOf = (allowedOrigins) => ({
  allowedOrigins,
  allowedMethods: ["GET", "POST", "PATCH", "DELETE"],
  allowedHeaders: [
    "authorization",
    "content-type",
    "idempotency-key",
    "x-api-key",
    "x-correlation-id",
    "x-explain-cost",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
  ],
  exposedResponseHeaders: ["location", "retry-after", "www-authenticate", "x-correlation-id", "x-cost"],
  maxAge: 3_600,
});

/** Neither a query nor a header: what was asked is not logged. */
const logged = {
  requestId: "$context.requestId",
  requestTime: "$context.requestTime",
  ip: "$context.identity.sourceIp",
  route: "$context.routeKey",
  status: "$context.status",
  responseLength: "$context.responseLength",
  responseLatency: "$context.responseLatency",
  integrationLatency: "$context.integrationLatency",
  integrationError: "$context.integrationErrorMessage",
  error: "$context.error.message",
};
