import { describe, expect, test } from "vitest";
import { archOf, askedDeployment, askedRemoval } from "../../../scripts/deploy/asked.ts";
import { holdParameters } from "../../../scripts/deploy/hold-parameters.ts";
import { holdReserved, holdSize } from "../../../scripts/deploy/quotas.ts";

const full = ["--stage", "prod", "--region", "eu-west-1", "--bucket", "my-bucket"];
const without = (option: string) => full.filter((_, i) => full[i] !== option && full[i - 1] !== option);
const withOther = (option: string, value: string) => [...without(option), option, value];

describe("what a deployment is asked for", () => {
  test("serves who has a key, unless it is told otherwise", () => {
    const asked = { stage: "prod", region: "eu-west-1", bucket: "my-bucket", params: {} };
    expect(askedDeployment(full, {})).toEqual({ ...asked, auth: "keys" });
    expect(askedDeployment([...full, "--auth", "iam"], {})).toEqual({ ...asked, auth: "iam" });
  });

  test("has parameters as Serverless takes them, and processors by one of them", () => {
    const params = ["--param", "architecture=arm64", "--param", "corsOrigins=https://a.example?b=c"];
    const asked = askedDeployment([...full, ...params], {});
    expect(asked.params).toEqual({ architecture: "arm64", corsOrigins: "https://a.example?b=c" });
    expect([archOf(asked), archOf(askedDeployment(full, {}))]).toEqual(["arm64", "x64"]);
  });

  test("takes the region of the environment where none is given", () => {
    expect(askedDeployment(without("--region"), { AWS_REGION: "us-east-2" }).region).toBe("us-east-2");
  });

  test.each([
    [without("--stage"), /--stage names/],
    [withOther("--stage", "local"), /npm run stack/],
    [withOther("--stage", "dev"), /npm run dev/],
    [withOther("--stage", "Prod"), /--stage is up to 30/],
    [withOther("--stage", "p".repeat(31)), /--stage is up to 30/],
    [without("--region"), /--region names/],
    [withOther("--region", "Ireland"), /--region is such as/],
    [without("--bucket"), /--bucket names/],
    [withOther("--bucket", "My_Bucket"), /--bucket has 3 to 63/],
    [withOther("--bucket", "a.b"), /--bucket has 3 to 63/],
    [[...full, "--param", "searchMemory"], /name=value/],
    [[...full, "--param", "auth=iam"], /--auth/],
    [[...full, "--colour", "red"], /colour/],
  ])("%j is refused with what would be right", (args, message) => {
    expect(() => askedDeployment(args, {})).toThrow(message);
  });
});

describe("parameters are held before anything is made", () => {
  const asked = (...params: string[]) =>
    holdParameters(askedDeployment([...full, ...params.flatMap((one) => ["--param", one])], {}));

  test("what is right passes", async () => {
    await asked();
    await asked("searchMemory=3008", "architecture=arm64");
  });

  test.each([
    ["searchMemry=3008", /no parameter searchMemry/],
    ["searchMemory=much", /searchMemory is a whole number/],
  ])("%s does not", async (param, message) => {
    await expect(asked(param)).rejects.toThrow(message);
  });

  test("nothing is deployed open", async () => {
    const open = askedDeployment([...full, "--auth", "open"], {});
    await expect(holdParameters(open)).rejects.toThrow(/auth is/);
  });
});

describe("a removal", () => {
  test("keeps the data unless the stage's name is repeated", () => {
    expect(askedRemoval(full, {}).deleteData).toBe(false);
    expect(askedRemoval([...full, "--delete-data", "prod"], {}).deleteData).toBe(true);
    expect(() => askedRemoval([...full, "--delete-data", "test"], {})).toThrow(/once more, prod, not test/);
    expect(() => askedRemoval([...without("--bucket"), "--delete-data", "prod"], {})).toThrow(/--bucket/);
  });
});

describe("an account", () => {
  const quotas = { executions: 1_000, unzippedBytes: 262_144_000 };

  test("has 100 executions that cannot be reserved", () => {
    holdReserved(quotas, { searchConcurrency: "800", loadConcurrency: "100" });
    expect(() => holdReserved(quotas, { searchConcurrency: "801", loadConcurrency: "100" })).toThrow(/901/);
    holdReserved({ ...quotas, executions: 10 }, {});
    expect(() => holdReserved({ ...quotas, executions: 10 }, { buildConcurrency: "1" })).toThrow(/of 10/);
  });

  test("takes 250 MB of a function and its layer", () => {
    holdSize(quotas, 62_144_000, 200_000_000);
    expect(() => holdSize(quotas, 62_144_001, 200_000_000)).toThrow(/250\.0 MB/);
  });
});
