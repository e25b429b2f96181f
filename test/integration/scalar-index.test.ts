import { join } from "node:path";
import { connect } from "@lancedb/lancedb";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { createLakehouse, type Lakehouse } from "../support/lakehouse.ts";

let lakehouse: Lakehouse;
let container: Container;

beforeEach(async () => {
  lakehouse = await createLakehouse();
  container = lakehouse.open();
});

afterEach(() => lakehouse.remove());

const refOf = (generation: string) => ({ bucket: "primary", index: "docs", generation });
const allowed = async () => undefined;
const texts = Array.from({ length: 50 }, (_, i) => "abcdefghij".repeat(2_000).slice(i));

/** Rows of 20 kB of text each. */
async function writeWide(generation: string, thousands: number): Promise<void> {
  const connection = await connect(join(lakehouse.root, "data/lance/docs"));
  const rows = Array.from({ length: 1_000 }, (_, id) => ({ id, text: texts[id % texts.length] }));
  const table = await connection.createTable(generation, rows);
  for (let more = 1; more < thousands; more++) await table.add(rows);
  table.close();
  connection.close();
}

test("builds that do not fit in LanceDB's memory beside each other fit one after the other", async () => {
  const all = ["g1", "g2", "g3", "g4"];
  for (const generation of all) await writeWide(generation, 2);
  await Promise.all(
    all.map((generation) => container.builds.buildScalarIndex(refOf(generation), "text", allowed)),
  );
});

test("a column whose values cannot be sorted is refused by its name, and its width is told from its rows", async () => {
  await writeWide("g1", 5);
  const build = container.builds.buildScalarIndex(refOf("g1"), "text", allowed);
  await expect(build).rejects.toMatchObject({
    kind: "IndexParametersInvalid",
    message: expect.stringMatching(/^column "text" cannot have a scalar index: its values are too large/),
  });
  expect(await container.builds.widthOf(refOf("g1"), "text")).toMatchObject({ most: 20_000 });
});
