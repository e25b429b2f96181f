/**
 * A URL of the function `search` itself, beside API Gateway or instead of it. Who may call it is checked as everywhere: by
 * the function where keys count, by Lambda where requests are signed.
 */
class SearchUrl {
  constructor(serverless) {
    this.hooks = { initialize: () => addUrl(serverless.service) }; // before shards are made as search is
  }
}

const authorizers = { keys: {}, iam: { authorizer: "aws_iam" } };

function addUrl({ functions: { search }, provider, custom }) {
  const { searchUrl } = custom.parameters;
  if (searchUrl === null) return;
  const auth = provider.environment.LAKEHOUSE_AUTH;
  if (!authorizers[auth])
    throw new Error(`searchUrl is for auth ${Object.keys(authorizers).join(" or ")}, not ${auth}`);
  search.url = { ...authorizers[auth], ...corsOf(provider.httpApi.cors) };
  if (searchUrl === "instead") search.events = [];
}

const corsOf = (cors) => (cors ? { cors } : {});

module.exports = SearchUrl;
