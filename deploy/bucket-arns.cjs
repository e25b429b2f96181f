/**
 * What roles may reach, from the lakehouse.toml that the functions read: a bucket is declared once.
 * Each is a list of ARNs, by what lies there (the key layout is in the README).
 */
const { readFileSync } = require("node:fs");
const { resolve } = require("node:path");
const { parse } = require("smol-toml");

module.exports = async ({ resolveConfigurationProperty }) => {
  const file = await resolveConfigurationProperty(["custom", "stage", "lakehouse"]);
  return arnsOf(parse(readFileSync(resolve(__dirname, "..", file), "utf8")).storage?.buckets ?? [], file);
};

function arnsOf(declared, file) {
  const buckets = declared.filter(({ name, backend }) => backend === "s3" || name.startsWith("s3:"));
  const primary = buckets.filter(({ name }) => name === "primary");
  if (primary.length === 0)
    throw new Error(`${file}: on this stage the bucket "primary" has to be one of S3`);
  const writable = buckets.filter(({ read_only }) => !read_only);
  return {
    primary: primary.map(arnOfBucket),
    registry: primary.map(arnOfKeys("registry/*")),
    keys: primary.map(arnOfKeys("registry/keys/*")),
    entryPages: primary.map(arnOfKeys("registry/indexes/*.page")),
    openings: primary.map(arnOfKeys("registry/openings/*")),
    receipts: primary.map(arnOfKeys("registry/receipts/*")),
    writes: ["registry/receipts/*", "registry/turns/*"].flatMap((keys) => primary.map(arnOfKeys(keys))),
    versions: primary.map(arnOfKeys("registry/turns/*/versions.json")),
    jobs: primary.map(arnOfKeys("jobs/*")),
    failures: primary.map(arnOfKeys("jobs/*/failure.json")),
    served: buckets.map(arnOfBucket),
    servedGenerations: buckets.map(arnOfKeys("lance/*")),
    data: writable.map(arnOfBucket),
    generations: writable.map(arnOfKeys("lance/*")),
    exports: writable.map(arnOfKeys("exports/*")),
    primaryMarker: primary.map(arnOfKeys(".conditional-writes")),
    markers: writable.map(arnOfKeys(".conditional-writes")),
    sources: buckets.map(arnOfBucket),
    sourceFiles: buckets.map(arnOfKeys("*")),
  };
}

const nameOf = ({ name, bucket }) => bucket ?? name.slice("s3:".length);
const arn = (path) => ({ "Fn::Sub": `arn:\${AWS::Partition}:s3:::${path}` });
const arnOfBucket = (bucket) => arn(nameOf(bucket));
const arnOfKeys = (keys) => (bucket) => arn([nameOf(bucket), bucket.prefix, keys].filter(Boolean).join("/"));
