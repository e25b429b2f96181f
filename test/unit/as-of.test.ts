import fc from "fast-check";
import { expect, test } from "vitest";
import type { StoredVersions } from "../../lib/domain/index/stored-versions.ts";
import { indexesAsOf } from "../../lib/domain/search/as-of.ts";
import { type AsOf, asOf } from "../../lib/domain/search/freshness.ts";
import type { Lease, WarmIndexes } from "../../lib/domain/search/reader.ts";

const second = 1_000;
const start = Date.parse("2026-02-03T04:05:06Z");
const momentAt = (seconds: number) => new Date(start + seconds * second).toISOString();

/** Versions of g2, published as the first of them, each committed so many seconds after the start. */
function indexOf(times: [version: number, seconds: number][], published: number) {
  let asked = 0;
  const stored: StoredVersions = {
    numbers: async () => times.map(([version]) => ({ version, bytes: 100 })).reverse(),
    told: async (_, versions) => {
      asked += 1;
      return versions.flatMap((version) =>
        times
          .filter(([one]) => one === version)
          .map(([, seconds]) => ({
            ...{ version, at: momentAt(seconds), operation: null, restored: null, rows: 0, bytes: 0 },
          })),
      );
    },
  };
  const newest = times.at(-1)?.[0] ?? 0;
  const lease = {
    published: {
      generation: "g2",
      bucket: "primary",
      version: published,
      publishedAt: momentAt(0),
      recall: {},
    },
    reader: {
      version: newest,
      at: async (version: number, work: (past: object) => unknown) => work({ version }),
    },
  };
  const indexes = {
    use: async (_: string, __: object, work: (lease: Lease) => unknown) => work(lease as never),
  };
  const read = (moment: AsOf) =>
    indexesAsOf(indexes as WarmIndexes, stored, moment).use(
      "docs",
      { consistency: "eventual" },
      async ({ reader }) => Promise.resolve(reader.version),
    );
  return { read, asked: () => asked };
}

test("at a moment the newest version is read that was committed by then, in few rounds", async () => {
  const gaps = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat(5)), {
    minLength: 1,
    maxLength: 600,
  });
  await fc.assert(
    fc.asyncProperty(gaps, fc.nat(700), async (steps, seconds) => {
      const times: [number, number][] = [[3, 0]];
      for (const [version, wait] of steps) {
        const [last = 0, at = 0] = times.at(-1) ?? [];
        times.push([last + version, at + wait]);
      }
      const { read, asked } = indexOf(times, 3);
      const right = times.filter(([, at]) => at <= seconds).at(-1)?.[0];
      expect(await read(momentAt(seconds))).toBe(right);
      expect(asked()).toBeLessThanOrEqual(4);
    }),
    { numRuns: 60 },
  );
});

test("what is not kept is refused with what is", async () => {
  const { read } = indexOf(
    [
      [5, 10],
      [6, 20],
      [7, 30],
    ],
    3,
  );
  expect(await read(6)).toBe(6);
  expect(await read("g2.7")).toBe(7);
  await expect(read(momentAt(5))).rejects.toThrow(/versions g2\.5 to g2\.7 are/);
  await expect(read(momentAt(-5))).rejects.toThrow("not kept any more");
  await expect(read("g1.6")).rejects.toThrow(
    "version 6 of g1 is not kept any more; versions g2.5 to g2.7 are",
  );
  await expect(read(2)).rejects.toThrow("version 2 of g2");
});

test.each([
  "g0.1",
  "g1",
  "7",
  "yesterday",
  "2026-02-03",
  "2026-02-03T04:05:06",
  "2026-13-03T04:05:06Z",
  0,
  1.5,
])("%j is no version and no moment", (one) => expect(asOf.safeParse(one).success).toBe(false));
