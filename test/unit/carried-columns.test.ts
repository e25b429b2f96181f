import { expect, test } from "vitest";
import { refuseWrongChoice, withChosenColumns } from "../../lib/domain/plan/carried-columns.ts";
import type { SourceColumn } from "../../lib/domain/source/parquet-source.ts";

const text = (name: string): SourceColumn => ({ name, type: "Utf8", carried: true, bytes: 0 });
const vector = (name: string): SourceColumn => ({
  ...{ name, type: "List<Float32>", carried: true, bytes: 0 },
  vector: { layout: "list", dimension: 8 },
});
const file = (key: string, columns: SourceColumn[]) => ({
  key,
  footer: { bytes: 7, rows: 1, columns, rowGroups: [] },
});

const files = [
  file("a", [text("id"), vector("v"), text("x")]),
  file("b", [text("id"), vector("v"), text("y")]),
];
const namesIn = (choice: object) =>
  withChosenColumns(files, choice).map(({ footer }) => footer.columns.map(({ name }) => name).join(" "));

test("files keep the columns that are chosen, in their order, and whatever else they say", () => {
  expect(namesIn({})).toEqual(["id v x", "id v y"]);
  expect(namesIn({ include: ["y", "v", "id"] })).toEqual(["id v", "id v y"]);
  expect(namesIn({ exclude: ["x"] })).toEqual(["id v", "id v y"]);
  expect(namesIn({ include: ["id", "v", "x"], exclude: ["x"] })).toEqual(["id v", "id v"]);
  const [first] = withChosenColumns(files, { include: [] });
  expect(first).toEqual(file("a", []));
});

function issuesOf(choice: object, told = {}, partitions: string[] = [], of = files) {
  try {
    refuseWrongChoice(of, choice, told, partitions);
    return "taken";
  } catch (error) {
    expect(error).toMatchObject({ kind: "SourceInvalid" });
    return (error as { issues: { path: string; message: string }[] }).issues;
  }
}

test("a choice names what some file or a directory has, and every name that none does is told", () => {
  expect(issuesOf({ include: ["id", "v", "x", "y", "day"], exclude: ["day"] }, {}, ["day"])).toBe("taken");
  const message = "no file has it; there are: id, v, x, y, day";
  expect(issuesOf({ include: ["id", "X"], exclude: ["z", "v"] }, {}, ["day"])).toEqual([
    { path: "columns.include[1]", message },
    { path: "columns.exclude[0]", message },
  ]);
});

test("the id and the vector cannot be left out, those that the job tells as those that are found", () => {
  const needed = (name: string, field: string) => ({
    path: "columns",
    message: `leave out "${name}", which is needed; name another with ${field}`,
  });
  expect(issuesOf({ include: ["x"] })).toEqual([needed("id", "idColumn"), needed("v", "vectorColumn")]);
  expect(issuesOf({ exclude: ["v"] })).toEqual([needed("v", "vectorColumn")]);
  expect(issuesOf({ exclude: ["id"] }, { idColumn: "x" }, [], files.slice(0, 1))).toBe("taken");
  expect(issuesOf({ exclude: ["x"] }, { idColumn: "x" }, [], files.slice(0, 1))).toEqual([
    needed("x", "idColumn"),
  ]);
});

test("where it is not plain which they are what is left may make it so", () => {
  const doubtful = [file("a", [text("id"), text("uuid"), vector("v")])];
  expect(issuesOf({ exclude: ["uuid"] }, {}, [], doubtful)).toBe("taken");
});
