const most = 32; // of a stack's resources each takes seven

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
  for (let shard = 0; shard < countOf(custom.searchShards); shard++)
    functions[`searchShard${shard}`] = {
      ...functions.search,
      name: functions.search.name.replace(/search$/, `searchShard${shard}`),
      events: functions.search.events.map(({ httpApi }) => ({
        httpApi: httpApi.replace(" /", ` /shards/${shard}/`),
      })),
    };
}

function countOf(asked) {
  const count = Number(asked);
  if (Number.isInteger(count) && count >= 0 && count <= most) return count;
  throw new Error(`searchShards is a number from 0 to ${most}, not ${asked}`);
}

module.exports = SearchShards;
