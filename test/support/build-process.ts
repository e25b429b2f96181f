import { connect, Index } from "@lancedb/lancedb";
import { inOwnFolder } from "../../lib/adapters/lance/tables/own-folder.ts";
import { sampleRows } from "./parquet-files.ts";

/** Builds indexes in a folder, two at a time: `build-process.ts FOLDER END`, which is `well`, `in error` or `killed`. */
const [folder = "", end = ""] = process.argv.slice(2);
const asked = "as a build that fails";
const database = await inOwnFolder(() => connect(folder));

async function build(name: string): Promise<void> {
  const table = await database.createTable(name, sampleRows(1_000) as Record<string, unknown>[], {
    mode: "overwrite",
  });
  const index = () =>
    table.createIndex("vector", { config: Index.ivfFlat({ numPartitions: 4 }), replace: true });
  for (let i = 0; i < 2; i++) await inOwnFolder(index);
  await inOwnFolder(async () => {
    await index();
    if (end === "killed") process.kill(process.pid, "SIGKILL");
    if (end === "in error") throw new Error(asked);
  });
}

const built = await Promise.allSettled([build("one"), build("two")]);
const failed = built.filter((one) => one.status === "rejected" && one.reason.message !== asked);
if (failed.length > 0) throw new Error(JSON.stringify(failed));
database.close();
process.stdout.write(JSON.stringify(process.env["TMPDIR"]));
