/** Routes that ask nothing of who calls them. */
const open = ["health", "openapi", "notFound"];

/** Stages where API Gateway does not stand before the functions. */
const here = ["dev", "local"];

/** Where access is by AWS identity or by token, API Gateway lets through who it has made sure of, and tells functions who that is. */
class RouteAuthorizers {
  constructor(serverless) {
    this.hooks = { initialize: () => protect(serverless.service) }; // behind what adds functions
  }
}

function protect({ functions, provider }) {
  const authorizer = here.includes(provider.stage) ? undefined : authorizerOf(provider);
  if (!authorizer) return;
  for (const [name, { events = [] }] of Object.entries(functions))
    if (!open.includes(name))
      for (const event of events) if (event.httpApi) event.httpApi = guarded(event.httpApi, authorizer);
}

function authorizerOf(provider) {
  const { LAKEHOUSE_AUTH, LAKEHOUSE_JWT_ISSUER, LAKEHOUSE_JWT_AUDIENCE } = provider.environment ?? {};
  if (LAKEHOUSE_AUTH === "iam") return { type: "aws_iam" };
  if (LAKEHOUSE_AUTH !== "jwt") return undefined;
  const tokens = {
    type: "jwt",
    identitySource: "$request.header.Authorization",
    issuerUrl: LAKEHOUSE_JWT_ISSUER,
    audience: `${LAKEHOUSE_JWT_AUDIENCE}`.split(",").map((name) => name.trim()),
  };
  provider.httpApi = { ...provider.httpApi, authorizers: { ...provider.httpApi?.authorizers, tokens } };
  return { name: "tokens", type: "jwt" };
}

function guarded(route, authorizer) {
  const [method, path] = route.split(" ");
  return { method, path, authorizer };
}

module.exports = RouteAuthorizers;
