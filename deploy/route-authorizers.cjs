/** Routes that ask nothing of who calls them. */
const open = ["health", "openapi", "notFound"];

/** Where access is by AWS identity, API Gateway takes signed requests alone, and tells functions who signed them. */
class RouteAuthorizers {
  constructor(serverless) {
    this.hooks = { initialize: () => protect(serverless.service) }; // behind what adds functions
  }
}

function protect({ functions, provider }) {
  if (provider.environment?.LAKEHOUSE_AUTH !== "iam") return;
  for (const [name, { events = [] }] of Object.entries(functions))
    if (!open.includes(name))
      for (const event of events) if (event.httpApi) event.httpApi = signed(event.httpApi);
}

function signed(route) {
  const [method, path] = route.split(" ");
  return { method, path, authorizer: { type: "aws_iam" } };
}

module.exports = RouteAuthorizers;
