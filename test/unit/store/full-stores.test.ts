import { expect, test } from "vitest";
import { fromLance } from "../../../lib/adapters/lance/lance-errors.ts";
import { storeError } from "../../../lib/adapters/store/s3-errors.ts";
import { asDomainError } from "../../../lib/domain/errors.ts";

const answer = (code: string) => new Error(`403: <Error><Code>${code}</Code><Message>m</Message></Error>`);
const named = (name: string) => Object.assign(new Error("m"), { name });
const coded = (code: string) => Object.assign(new Error("m"), { code });

test.each([
  ["507", storeError(new Error("507: "), { status: 507 })],
  ["a quota in an answer", storeError(answer("QuotaExceeded"), { status: 403 })],
  ["MinIO's in an answer", storeError(answer("XMinioStorageFull"), { status: 500 })],
  ["MinIO's by the AWS client", storeError(named("XMinioStorageFull"), { status: 507 })],
  ["a quota by the AWS client", storeError(named("QuotaExceeded"), { status: 400 })],
  ["a disk by LanceDB", fromLance(new Error("LanceError(IO): No space left on device (os error 28)"))],
  ["a quota by LanceDB", fromLance(new Error("LanceError(IO): Quota exceeded (os error 122)"))],
  ["a store by LanceDB", fromLance(new Error("Generic S3 error: status code: 507, XMinioStorageFull"))],
  ["a disk by Node", asDomainError(coded("ENOSPC"))],
  ["a quota by Node", asDomainError(coded("EDQUOT"))],
])("no room, told as %s, is store-full", (_, error) => {
  expect(error).toMatchObject({ kind: "StoreFull", status: 507, retryable: false });
});

test.each([
  storeError(answer("AccessDenied"), { status: 403 }),
  storeError(answer("SlowDown"), { status: 503 }),
  fromLance(new Error("Generic S3 error: status code: 503, SlowDown")),
  asDomainError(coded("EACCES")),
])("other refusals are not", ({ kind }) => {
  expect(kind).not.toBe("StoreFull");
});

test("where the temporary disk is full it is named", () => {
  const text = "No space left on device (os error 28), /tmp/lance-7-own/.tmpA/shuffle_data.spill";
  expect(fromLance(new Error(text)).message).toContain("temporary disk");
});
