/**
 * Where browsers of other origins may ask, their preflights have a route that asks for no key. API Gateway writes the
 * headers; without a route of its own a preflight is one more request that no route takes.
 */
class Preflight {
  constructor(serverless) {
    this.hooks = { initialize: () => addRoute(serverless.service) };
  }
}

function addRoute({ functions, custom }) {
  if (custom.parameters.corsOrigins !== null)
    functions.notFound.events.push({ httpApi: "OPTIONS /{proxy+}" });
}

module.exports = Preflight;
