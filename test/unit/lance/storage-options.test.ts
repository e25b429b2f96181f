import { expect, test } from "vitest";
import { storageOptionsOf } from "../../../lib/adapters/lance/tables/storage-options.ts";
import type { Bucket } from "../../../lib/domain/bucket.ts";

const bucket: Bucket = { name: "b", backend: "s3", root: "s3://b", readOnly: false };
const signsBodies = (more: Partial<Bucket>) => !storageOptionsOf({ ...bucket, ...more }).aws_unsigned_payload;

test.each([
  ["AWS", {}],
  ["a store over TLS", { endpoint: "https://store.example" }],
  ["a store over TLS where HTTP is allowed", { endpoint: "https://store.example:9000", allowHttp: true }],
  ["a store on this machine", { endpoint: "http://127.0.0.1:9000", allowHttp: true }],
  ["a store on this machine by name", { endpoint: "http://localhost:9000", allowHttp: true }],
  ["a store on this machine by IPv6", { endpoint: "http://[::1]:9000", allowHttp: true }],
])("bodies for %s are not signed again: they arrive as they were sent", (_, more) => {
  expect(signsBodies(more)).toBe(false);
});

test.each([
  ["another machine", { endpoint: "http://minio:9000", allowHttp: true }],
  ["a machine that is called like this one", { endpoint: "http://127.0.0.1.example:9000", allowHttp: true }],
  ["whatever the environment names", { allowHttp: true }],
])("bodies for %s over plain HTTP are signed: nothing else tells that they arrived whole", (_, more) => {
  expect(signsBodies(more)).toBe(true);
});

test("a folder has no options", () => {
  expect(storageOptionsOf({ ...bucket, backend: "local", root: "/data" })).toEqual({});
});
