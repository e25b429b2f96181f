import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { expect, test } from "vitest";

const parameters = createRequire(import.meta.url)("../../../deploy/parameters.cjs") as {
  (from: {
    options: { param: string[] | null };
    resolveVariable(variable: string): Promise<unknown>;
  }): Promise<Record<string, unknown>>;
  names: string[];
};

const text = (path: string) => readFileSync(resolve(import.meta.dirname, "../../..", path), "utf8");

/** As Serverless has the file's values: `params` of a file, or of the command line. */
const given = (values: Record<string, unknown>, param: string[] | null = null) =>
  parameters({
    options: { param },
    resolveVariable: async (asked) => values[/^param:(\w+)/.exec(asked)?.[1] ?? ""] ?? "",
  });

const key = "arn:aws:kms:eu-west-1:123456789012:key/0a1b-2c";

test("numbers, switches and lists are made of the texts of a command line", async () => {
  expect(
    await given({
      searchMemory: "3008",
      tracing: "true",
      corsOrigins: "https://a.example.com, http://localhost:5173",
      bucketKeys: key,
    }),
  ).toMatchObject({
    searchMemory: 3_008,
    tracing: true,
    corsOrigins: ["https://a.example.com", "http://localhost:5173"],
    bucketKeys: [key],
    searchDisk: 5_120,
    searchProvisioned: null,
  });
});

test("a file may have them as numbers, switches and lists", async () => {
  const values = { searchShards: 3, accessLog: false, vpcSubnets: ["subnet-1", "subnet-2"] };
  expect(await given({ ...values, vpcSecurityGroups: ["sg-1"] })).toMatchObject(values);
});

test.each([
  ["searchMemory", "lots", "a whole number from 128 to 10240"],
  ["searchMemory", "64", "a whole number from 128 to 10240"],
  ["buildDisk", "10241", "a whole number from 512 to 10240"],
  ["searchShards", "33", "a whole number from 0 to 32"],
  ["searchProvisioned", "0", "a whole number from 1 to 100000"],
  ["tracing", "yes", "true or false"],
  ["architecture", "arm", "x86_64 or arm64"],
  ["costMetrics", "all", "total or index"],
  ["searchUrl", "true", "beside or instead"],
  ["logRetentionDays", "15", "1 or 3 or 5 or 7 or 14 or "],
  ["logKey", "alias/mine", "such as arn:aws:kms:us-east-1:123456789012:key/1b2c"],
  ["bucketKeys", `${key},mine`, "up to 20, with commas between them, each such as arn:aws:kms:"],
  [
    "corsOrigins",
    "app.example.com",
    "up to 100, with commas between them, each such as https://app.example.com",
  ],
  ["corsOrigins", "https://app.example.com/", "such as https://app.example.com, or *"],
  ["vpcSubnets", "vpc-1", "such as subnet-0a1b2c3d"],
  ["vpcSecurityGroups", "default", "such as sg-0a1b2c3d"],
  ["domain", "https://search.example.com", "such as search.example.com"],
  ["certificate", "mine", "such as arn:aws:acm:us-east-1:123456789012:certificate/"],
])("%s is not %s", async (name, value, right) => {
  const refused = expect(given({ [name]: value })).rejects;
  await refused.toThrow(`${name} is `);
  await refused.toThrow(right);
});

test.each([
  [{ vpcSubnets: "subnet-1" }, "vpcSubnets and vpcSecurityGroups are given together, or neither"],
  [{ certificate: "arn:aws:acm:us-east-1:123456789012:certificate/a" }, "domain and certificate are given"],
  [
    { searchProvisioned: 5, searchConcurrency: 4 },
    "searchProvisioned is at most searchConcurrency, 4, not 5",
  ],
])("%j is refused, as one goes with another", async (values, said) => {
  await expect(given(values)).rejects.toThrow(said);
});

test("a name that nothing asks for is refused with those there are", async () => {
  await expect(given({}, ["serchMemory=2048"])).rejects.toThrow(
    /there is no parameter serchMemory; there are: .*\bauth\b.*\blanceLayerArn\b.*\bsearchMemory\b/,
  );
  const refused: unknown = await given({}, ["serchMemory=2048"]).catch((error) => error);
  const names = String(refused).split("there are: ")[1]?.split(", ") ?? [];
  expect(names).toEqual([...new Set(names)]);
  await expect(given({}, ["artifact=code.zip", "tracing=true"])).resolves.toBeDefined();
});

test.each(parameters.names)("%s is in the header of serverless.yml and in the documentation", (name) => {
  expect(text("serverless.yml")).toMatch(new RegExp(`^#  .*\\b${name}\\b`, "m"));
  expect(text("docs/deployment.md")).toContain(`\`${name}\``);
});
