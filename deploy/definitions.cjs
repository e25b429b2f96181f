/**
 * The state machines as text: CloudFormation takes no null in an object, and `"ResultPath": null` would be lost.
 */
const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const definition = (name) =>
  JSON.stringify(JSON.parse(readFileSync(join(__dirname, `../statemachines/${name}.asl.json`), "utf8")));

module.exports = { migrate: definition("migrate"), buildIndex: definition("build-index") };
