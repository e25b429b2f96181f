import { expect, test } from "vitest";
import { keyedWrite } from "../../../lib/http/keyed-write.ts";

test("a request without an Idempotency-Key leaves nothing", () => {
  expect(keyedWrite(undefined, "write", "docs")).toBeUndefined();
});

test("the same key and request are the same, another key or request is another", () => {
  const request = ["write", "docs", "upsert", [{ doc_id: "a", vector: [1] }]] as const;
  const kept = keyedWrite("k", ...request);
  expect(keyedWrite("k", ...structuredClone(request))).toEqual(kept);
  expect(keyedWrite("k2", ...request)).toMatchObject({ request: kept?.request });
  expect(keyedWrite("k2", ...request)?.key).not.toBe(kept?.key);
  for (const other of [
    ["delete", "docs", "upsert", request[3]],
    ["write", "docs2", "upsert", request[3]],
    ["write", "docs", "insert", request[3]],
    ["write", "docs", "upsert", [{ doc_id: "a", vector: [1.5] }]],
    ["write", "docsupsert", request[3]],
  ]) {
    expect(keyedWrite("k", ...other)?.request).not.toBe(kept?.request);
    expect(keyedWrite("k", ...other)?.key).toBe(kept?.key);
  }
});

test("neither key nor request is kept, and a key of any characters is a name of a file", () => {
  const kept = keyedWrite("../../a secret\n", "write", "another secret");
  expect(JSON.stringify(kept)).not.toContain("secret");
  expect(kept).toEqual({
    key: expect.stringMatching(/^\w{32}$/),
    request: expect.stringMatching(/^\w{32}$/),
  });
});
