import { readFileSync } from "node:fs";
import { tableFromIPC } from "apache-arrow";
import { expect, test } from "vitest";
import { rehearsalFile, rehearse, rehearsed } from "../../../lib/adapters/parquet/threads/rehearse.ts";
import { decodeFile } from "./decode-file.ts";

test("a rehearsal goes through to its end", async () => {
  await expect(rehearse()).resolves.toBeUndefined();
});

test("the file that is decoded for it is a good one, with the columns that are asked for", async () => {
  const [ipc, ...others] = await decodeFile(readFileSync(rehearsalFile));
  expect(others).toEqual([]);
  const table = tableFromIPC(ipc as Uint8Array);
  expect(table.numRows).toBe(rehearsed.rows);
  const names = rehearsed.target.columns.map(({ name }) => name);
  expect(table.schema.fields.map(({ name }) => name)).toEqual([...names, "_origin"]);
});
