import fc from "fast-check";
import { expect, test } from "vitest";
import { ownIdPrefix, refuseOthers } from "../../../lib/domain/access/own-documents.ts";
import { Principal } from "../../../lib/domain/access/principal.ts";
import type { DocumentPatch } from "../../../lib/domain/documents/document-tables.ts";
import { authorize } from "../../../lib/http/caller.ts";
import { operations } from "../../../lib/http/operations.ts";

const prefixOf = (value: string) => ownIdPrefix({ op: "eq", column: "tenant", value });

test("no tenant's ids begin as another one's do", () => {
  const value = fc.oneof(fc.string({ unit: "grapheme", maxLength: 6 }), fc.stringMatching(/^[a:%3A]{0,6}$/));
  fc.assert(
    fc.property(value, value, fc.string({ maxLength: 6 }), (one, other, rest) => {
      fc.pre(one !== other);
      expect((prefixOf(one) + rest).startsWith(prefixOf(other))).toBe(false);
    }),
    { numRuns: 2_000 },
  );
});

const batch = (type: string, ...values: unknown[]): DocumentPatch => ({
  columns: [
    { name: "doc_id", type: "Utf8" },
    { name: "tenant", type },
  ],
  rows: values.map((value, i) => [`${i}`, value]) as DocumentPatch["rows"],
});

test.each([
  ["Utf8", "a", "a"],
  ["Int64", 7, 7n],
  ["Int32", 7, 7n],
  ["Bool", true, true],
])(
  "of a column of %s a document has the filter's value, or is refused by its place",
  (type, value, stored) => {
    const filter = { op: "eq", column: "tenant", value } as const;
    refuseOthers(filter, batch(type, stored, stored), true);
    refuseOthers(filter, batch(type, stored, undefined), false);
    for (const other of [null, undefined, "b", "", 8n, false])
      expect(() => refuseOthers(filter, batch(type, stored, other), true)).toThrow(
        expect.objectContaining({
          kind: "Forbidden",
          issues: [expect.objectContaining({ path: "documents[1].tenant" })],
        }),
      );
  },
);

test("nothing is written by a filter that says not what a document has, or of a column that is not there", () => {
  const lacking = { columns: [{ name: "doc_id", type: "Utf8" }], rows: [["1"]] };
  const filter = { op: "eq", column: "tenant", value: "a" } as const;
  expect(() => refuseOthers(filter, lacking, true)).toThrow(expect.objectContaining({ kind: "Forbidden" }));
  const range = { op: "lt", column: "tenant", value: "b" } as const;
  expect(() => refuseOthers(range, batch("Utf8", "a"), true)).toThrow(
    expect.objectContaining({ kind: "Forbidden" }),
  );
});

test("a key with a filter acts on no index as a whole, whatever was stored of its grants", () => {
  const grants = [
    { actions: ["search", "read", "write", "jobs", "admin"], indexes: ["*"], buckets: ["*"] },
  ] as const;
  const filter = { op: "eq", column: "tenant", value: "a" } as const;
  const principal = new Principal("one", grants as never, filter);
  expect(principal.isRoot).toBe(false);
  for (const operation of Object.values(operations)) {
    const asked = { path: { index: "docs" }, body: { index: "docs", name: "docs" } };
    const ask = () => authorize(operation, { principal }, asked);
    const isOfDocuments =
      ["search", "read", "write"].includes(operation.needs) && !("tellsOfAll" in operation);
    if (isOfDocuments || ["nothing", "known"].includes(operation.needs)) ask();
    else expect(ask).toThrow(expect.objectContaining({ kind: "Forbidden" }));
  }
});
