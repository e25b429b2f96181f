import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import { cursorOf, type ListPlace, placeOf } from "../../lib/domain/search/list-cursor.ts";
import type { Filter } from "../../lib/domain/values/filter.ts";

const filter: Filter = { op: "eq", column: "year", value: 2_000 };
const place: ListPlace = { generation: "g3", version: 7, offset: 1_000 };
const refusal = {
  kind: "BadRequest",
  issues: [{ path: "cursor", message: expect.stringContaining("begin without one") }],
};

test("a cursor is short, of letters that a URL takes as they are, and leads back to its place", async () => {
  const places = fc.record({
    generation: fc.nat().map((n) => `g${n}`),
    version: fc.integer({ min: 1 }),
    offset: fc.integer({ min: 0, max: limits.maxListOffset }),
  });
  await fc.assert(
    fc.asyncProperty(places, fc.constantFrom(filter, undefined), async (one, by) => {
      const cursor = await cursorOf(one, "docs", by);
      expect(cursor).toMatch(/^[\w-]{1,100}$/);
      expect(await placeOf(cursor, "docs", by)).toEqual(one);
    }),
  );
});

test("a cursor of another index or filter is refused", async () => {
  const cursor = await cursorOf(place, "docs", filter);
  await expect(placeOf(cursor, "other", filter)).rejects.toMatchObject(refusal);
  await expect(placeOf(cursor, "docs")).rejects.toMatchObject(refusal);
  await expect(placeOf(cursor, "docs", { ...filter, value: 2_001 })).rejects.toMatchObject(refusal);
});

test("what was changed of a cursor is noticed, wherever and however", async () => {
  const cursor = await cursorOf(place, "docs");
  const changed = fc
    .record({
      at: fc.nat({ max: cursor.length - 1 }),
      by: fc.oneof(fc.constantFrom("", "A", "=", "\0", "é"), fc.string({ unit: "binary", maxLength: 3 })),
      cut: fc.nat({ max: 3 }),
    })
    .map(({ at, by, cut }) => cursor.slice(0, at) + by + cursor.slice(at + cut))
    .filter((text) => text !== cursor);
  await fc.assert(
    fc.asyncProperty(changed, async (text) => {
      await expect(placeOf(text, "docs")).rejects.toMatchObject(refusal);
    }),
  );
});

test("whatever else is sent as a cursor is refused as one", async () => {
  const encoded = fc.json().map((text) => Buffer.from(text).toString("base64url"));
  const parts = fc
    .tuple(fc.anything(), fc.anything(), fc.anything(), fc.anything())
    .map((of) =>
      Buffer.from(JSON.stringify(of, (_, value) => (typeof value === "bigint" ? null : value))).toString(
        "base64url",
      ),
    );
  const any = fc.oneof(fc.string({ unit: "binary", maxLength: limits.maxCursorLength }), encoded, parts);
  await fc.assert(
    fc.asyncProperty(any, async (text) => {
      await expect(placeOf(text, "docs")).rejects.toMatchObject(refusal);
    }),
  );
});

test("a place that LanceDB would count from the beginning again is none", async () => {
  const beyond = await cursorOf({ ...place, offset: limits.maxListOffset + 1 }, "docs");
  await expect(placeOf(beyond, "docs")).rejects.toMatchObject(refusal);
});
