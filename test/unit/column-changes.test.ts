import { expect, test } from "vitest";
import { columnChanges, refuseChangedColumns } from "../../lib/domain/index/column-changes.ts";

const [key, size, vector] = [
  { name: "key", type: "Utf8" },
  { name: "size", type: "Int64" },
  { name: "vector", type: "FixedSizeList[2]<Float32>" },
];
const published = { idColumn: "key", vectorColumn: "vector", columns: [key, size, vector] };

test("what another client did to columns is told by their names, whatever their order is", () => {
  expect(columnChanges(published, [vector, key, size])).toEqual([]);
  const stored = [key, { name: "size", type: "Utf8" }, { name: "more", type: "Bool" }];
  expect(columnChanges(published, stored)).toEqual([
    { name: "size", was: "Int64", is: "Utf8" },
    { name: "vector", was: vector.type, is: null },
    { name: "more", was: null, is: "Bool" },
  ]);
});

test("what is needed and gone or changed is refused by its name; what came is no matter", () => {
  const more = { name: "more", type: "Bool" };
  expect(() => refuseChangedColumns(published, [vector, more, size, key])).not.toThrow();
  expect(() => refuseChangedColumns(published, [key, vector], ["key", "vector"])).not.toThrow();
  expect(() => refuseChangedColumns(published, [key, vector])).toThrow(
    /column "size" \(Int64\) is gone. Put it back as it was, or start an optimize job/,
  );
  expect(() => refuseChangedColumns(published, [size, vector], ["key"])).toThrow(
    /column "key" \(Utf8\) is gone. Put it back as it was, or load the index anew/,
  );
});
