import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { s3StoreRules } from "../../../scripts/store/check-store.ts";

test("what was found of stores, and is shown in docs/object-storage.md, is of the rules there are", () => {
  const checked = JSON.parse(readFileSync("bench/results/stores.json", "utf8"));
  for (const { outcomes } of checked)
    expect(Object.keys(outcomes)).toEqual(s3StoreRules.map(({ name }) => name));
});
