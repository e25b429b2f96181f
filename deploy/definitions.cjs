/**
 * The state machines as text: CloudFormation takes no null in an object, and `"ResultPath": null` would be lost.
 */
const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const textOf = (name) => readFileSync(join(__dirname, `../statemachines/${name}.json`), "utf8");

/** Every task is repeated by the same rules. */
const definition = (name) =>
  JSON.stringify(JSON.parse(textOf(`${name}.asl`).replaceAll(/"\$\{Retry\}"/g, textOf("retry"))));

module.exports = {
  migrate: definition("migrate"),
  buildIndex: definition("build-index"),
  export: definition("export"),
};
