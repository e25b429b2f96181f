/** How many requests API Gateway lets through a second, of all callers together; without it, what the account's quota says. */
module.exports = async ({ resolveVariable }) => {
  const { throttleRate: rate, throttleBurst: burst } = await resolveVariable("self:custom.parameters");
  if (rate === null && burst === null) return {};
  if (rate === null) throw new Error("throttleBurst is given with throttleRate");
  const DefaultRouteSettings = {
    ThrottlingRateLimit: rate,
    ThrottlingBurstLimit: burst ?? rate, // one that is missing counts as none at all
  };
  return { extensions: { HttpApiStage: { Properties: { DefaultRouteSettings } } } };
};
