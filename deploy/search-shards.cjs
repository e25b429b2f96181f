/**
 * Functions beside `search` that search the same, each under a path of its own: `POST /shards/3/indexes/{index}/search`. Who
 * asks for an index always under the same number finds it in the same containers (docs/tenants.md).
 */
class SearchShards {
  constructor(serverless) {
    this.hooks = { initialize: () => addShards(serverless.service) }; // once parameters are known
  }
}

function addShards({ functions, custom }) {
  for (let shard = 0; shard < custom.parameters.searchShards; shard++)
    functions[`searchShard${shard}`] = {
      ...functions.search,
      name: functions.search.name.replace(/search$/, `searchShard${shard}`),
      events: functions.search.events.map(({ httpApi }) => ({
        httpApi: httpApi.replace(" /", ` /shards/${shard}/`),
      })),
    };
}

module.exports = SearchShards;
