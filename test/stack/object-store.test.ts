import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { S3Store } from "../../lib/adapters/store/s3-store.ts";
import { describeObjectStore } from "../support/object-store.ts";
import { createS3Lakehouse, type S3Lakehouse } from "../support/s3-lakehouse.ts";
import { s3Places } from "../support/stack-stores.ts";

for (const [name, place] of Object.entries(s3Places)) {
  let lakehouse: S3Lakehouse;
  describeObjectStore(`${name}'s S3`, {
    start: async () => {
      lakehouse = await createS3Lakehouse(place());
    },
    open: () => new S3Store(lakehouse.declared),
    stop: () => lakehouse.remove(),
  });

  test(`${name}'s S3: an object larger than one copy may be is copied in parts`, async () => {
    const { declared, remove } = await createS3Lakehouse(place());
    const part = 5 * 1_048_576; // the smallest that S3 takes
    const store = new S3Store(declared, part);
    const body = new Uint8Array(randomBytes(2 * part + 1_000));
    await store.put("large", body);
    await store.copy("large", "copy");
    const copied = await store.get("copy");
    expect(Buffer.compare(copied?.body ?? new Uint8Array(), body)).toBe(0);
    await remove();
  });
}
