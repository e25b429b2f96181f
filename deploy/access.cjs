/**
 * Who a stage serves, as its functions are told (LAKEHOUSE_AUTH). What is deployed serves who has a key; what runs here is
 * open as long as nobody else can reach it.
 */
const modes = ["keys"];

module.exports = async ({ resolveVariable }) => {
  const host = await resolveVariable("self:custom.serverless-offline.host");
  const asked = await resolveVariable("env:LAKEHOUSE_AUTH, ''");
  return { deployed: deployed(await resolveVariable("param:auth, 'keys'")), here: here(asked, host) };
};

module.exports.here = here;

function deployed(asked) {
  if (modes.includes(asked)) return asked;
  throw new Error(`auth is ${modes.join(" or ")}, not ${asked}: what is deployed is not open`);
}

function here(asked, host) {
  const isLoopback = /^(127(\.\d+){3}|::1|localhost)$/.test(host);
  if (isLoopback) return asked || "open";
  if (asked === "" || modes.includes(asked)) return asked || "keys";
  throw new Error(`LAKEHOUSE_AUTH is ${modes.join(" or ")} where others reach ${host}, not ${asked}`);
}
