import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { onSmallDisk } from "../support/small-disk.ts";

let disk: string;

beforeAll(async () => {
  disk = await mkdtemp(join(tmpdir(), "full-disk-"));
});

afterAll(() => rm(disk, { recursive: true, force: true }));

test("a disk that fills up under a partial copy costs the copy, and no search its answer", async () => {
  expect(await onSmallDisk("full-disk-process.ts", { disk, megabytes: 6 })).toEqual({
    copiesBefore: 1,
    whileFull: 3,
    copiesAfter: 0,
    afterwards: 3,
    given: expect.arrayContaining(["partial-copy no-room"]),
  });
});
