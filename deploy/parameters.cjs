/**
 * The parameters of a deployment as they were given, or as they are without it. What is wrong is refused with its name
 * and what would be right, as is a name that no part of the service asks for.
 */
const { readdirSync, readFileSync } = require("node:fs");
const { join } = require("node:path");
const { like, listOf, oneOf, wholeNumber } = require("./parameter-kinds.cjs");

const memory = wholeNumber(128, 10_240);
const disk = wholeNumber(512, 10_240);
const concurrency = wholeNumber(1, 100_000);
const kmsKey = like(
  /^arn:aws[\w-]*:kms:[\w-]+:\d{12}:key\/[\w-]+$/,
  "arn:aws:kms:us-east-1:123456789012:key/1b2c…",
);
const retentions = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** Each by its name: what it may be, and what it is when nothing is given. */
const parameters = {
  searchMemory: [memory, 2_048],
  searchDisk: [disk, 5_120],
  writeMemory: [memory, 2_048],
  loadMemory: [memory, 2_048],
  compactMemory: [memory, 3_008],
  buildMemory: [memory, 3_008],
  buildDisk: [disk, 10_240],
  verifyMemory: [memory, 3_008],
  verifyDisk: [disk, 10_240],
  searchShards: [wholeNumber(0, 32), 0],
  searchConcurrency: [concurrency],
  loadConcurrency: [concurrency],
  buildConcurrency: [concurrency],
  searchProvisioned: [concurrency],
  searchUrl: [oneOf("beside", "instead")],
  architecture: [oneOf("x86_64", "arm64"), "x86_64"],
  tracing: [oneOf(true, false), false],
  costMetrics: [oneOf("total", "index"), ""],
  accessLog: [oneOf(true, false), false],
  logRetentionDays: [oneOf(...retentions), 14],
  auditRetentionInDays: [oneOf(...retentions), 365],
  logKey: [kmsKey],
  bucketKeys: [listOf(kmsKey, 20)],
  providerKeysKey: [kmsKey],
  throttleRate: [wholeNumber(1, 1_000_000)],
  throttleBurst: [wholeNumber(1, 1_000_000)],
  corsOrigins: [listOf(like(/^(\*|https?:\/\/[^/\s*]+)$/, "https://app.example.com, or *"), 100)],
  vpcSubnets: [listOf(like(/^subnet-[0-9a-f]+$/, "subnet-0a1b2c3d"), 16)],
  vpcSecurityGroups: [listOf(like(/^sg-[0-9a-f]+$/, "sg-0a1b2c3d"), 5)],
  domain: [like(/^([a-z0-9-]+\.)+[a-z0-9-]+$/, "search.example.com")],
  certificate: [
    like(
      /^arn:aws[\w-]*:acm:[\w-]+:\d{12}:certificate\/[\w-]+$/,
      "arn:aws:acm:us-east-1:123456789012:certificate/…",
    ),
  ],
};

module.exports = async ({ options = {}, resolveVariable }) => {
  for (const name of givenTo(options)) refuseUnknown(name);
  const values = {};
  for (const [name, [kind, otherwise = null]] of Object.entries(parameters)) {
    const given = `${await resolveVariable(`param:${name}, ''`)}`;
    values[name] = given === "" ? otherwise : parsed(name, kind, given);
  }
  refuseHalves(values);
  return values;
};

module.exports.names = Object.keys(parameters);

function parsed(name, { right, parse }, given) {
  const value = parse(given);
  if (value === undefined) throw new Error(`${name} is ${right}, not ${given}`);
  return value;
}

function refuseHalves(values) {
  for (const [one, other] of [
    ["vpcSubnets", "vpcSecurityGroups"],
    ["domain", "certificate"],
  ])
    if ((values[one] === null) !== (values[other] === null))
      throw new Error(`${one} and ${other} are given together, or neither`);
  const { searchProvisioned, searchConcurrency } = values;
  if (searchConcurrency !== null && searchProvisioned > searchConcurrency)
    throw new Error(
      `searchProvisioned is at most searchConcurrency, ${searchConcurrency}, not ${searchProvisioned}`,
    );
}

const givenTo = ({ param }) => [param ?? []].flat().map((text) => text.split("=")[0]);

function refuseUnknown(name) {
  const known = [...new Set([...module.exports.names, ...namedElsewhere()])].sort();
  if (!known.includes(name)) throw new Error(`there is no parameter ${name}; there are: ${known.join(", ")}`);
}

/** Those that files of the service ask for themselves. */
function namedElsewhere() {
  const files = readdirSync(__dirname).filter((name) => /\.(yml|cjs)$/.test(name));
  const texts = [...files, "../serverless.yml"].map((name) => readFileSync(join(__dirname, name), "utf8"));
  return texts.flatMap((text) => [...text.matchAll(/\bparam:(\w+)/g)].map(([, name]) => name));
}
