import { expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import type { FileFooter, SourceColumn } from "../../lib/domain/source/parquet-source.ts";
import { mergeColumns } from "../../lib/domain/source/source-layout.ts";

const text = (name: string): SourceColumn => ({ name, type: "Utf8", carried: true, bytes: 0 });
const vector = (name: string, dimension: number | null = 8): SourceColumn => ({
  ...{ name, type: "List<Float32>", carried: true, bytes: 0 },
  vector: { layout: "list", dimension },
});

function file(key: string, columns: SourceColumn[], rowGroups: FileFooter["rowGroups"] = []) {
  const rows = rowGroups.reduce((sum, group) => sum + group.rows, 0);
  return { key, footer: { bytes: 0, rows, columns, rowGroups } };
}

test("problems of all files are told at once, twenty of them at most", () => {
  const names = { idColumn: "doc_id", vectorColumn: "vector" };
  const files = Array.from({ length: 30 }, (_, i) => file(`f${i}`, [text("doc_id")]));
  const refusal = expect.objectContaining({
    kind: "SourceInvalid",
    message: expect.stringMatching(/ and 10 more$/),
  });
  expect(() => mergeColumns(files, names, 8)).toThrow(refusal);
});

test("a column that is there twice, in a file or too many of them, are refused", () => {
  const names = { idColumn: "doc_id", vectorColumn: "vector" };
  const twice = file("a", [text("doc_id"), vector("vector"), text("x"), text("x")]);
  expect(() => mergeColumns([twice], names, 8)).toThrow("a, column x: is there more than once; rename one");
  const many = Array.from({ length: limits.maxColumns }, (_, i) => text(`c${i}`));
  const wide = file("a", [text("doc_id"), vector("vector"), ...many]);
  expect(() => mergeColumns([wide], names, 8)).toThrow(`a: has ${limits.maxColumns + 2} columns, at most`);
});
