import { expect, test } from "vitest";
import { type IdForm, idFormOf } from "../../lib/domain/source/id-forms.ts";
import type { SourceColumn } from "../../lib/domain/source/parquet-source.ts";

test.each<[string, SourceColumn["fixedBinary"], IdForm | undefined]>([
  ["Utf8", undefined, "text"],
  ["Int8", undefined, "integer"],
  ["Uint8", undefined, "integer"],
  ["Int64", undefined, "integer"],
  ["Uint64", undefined, "integer"],
  ["FixedSizeBinary[16]", "uuid", "uuid"],
  ["Utf8", "uuid", "uuid"],
  ["FixedSizeBinary[20]", "any", "fixed-size binary"],
  ["Utf8", "any", "fixed-size binary"],
  ["Float64", undefined, undefined],
  ["Bool", undefined, undefined],
  ["Binary", undefined, undefined],
  ["Date32<DAY>", undefined, undefined],
  ["List<Utf8>", undefined, undefined],
  ["FixedSizeList[2]<Int64>", undefined, undefined],
  ["Decimal[20e0]", undefined, undefined],
])("%s, of fixed-size bytes %s, is an id as %s", (type, fixedBinary, form) => {
  expect(idFormOf({ name: "id", type, fixedBinary, carried: true, bytes: 0 } as SourceColumn)).toBe(form);
});
