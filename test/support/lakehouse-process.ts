import { once } from "node:events";
import { connect } from "@lancedb/lancedb";
import { createContainer } from "../../lib/container.ts";
import { dropIndex } from "../../lib/domain/drop-index.ts";
import { runJob } from "./lakehouse.ts";
import { sampleRows } from "./parquet-files.ts";

/** What a second process does in tests: `lakehouse-process.ts <command> <arguments>`, on the lakehouse of its environment. */
const [command = "", ...args] = process.argv.slice(2);

const commands: Record<string, () => Promise<unknown>> = {
  /** Appends rows to a table as any LanceDB client can: uri, table, how many, their prefix. */
  append: async () => {
    const [uri = "", table = "", count = "1", prefix = "x"] = args;
    const opened = await (await connect(uri)).openTable(table);
    await opened.add(sampleRows(Number(count), 8, prefix) as Record<string, unknown>[]);
    return opened.countRows();
  },
  /** Opens a table, and appends through that handle when it is told to. */
  "append-later": async () => {
    const [uri = "", table = ""] = args;
    const opened = await (await connect(uri)).openTable(table);
    process.send?.({ opened: await opened.countRows() });
    await once(process, "message");
    await opened.add(sampleRows(5, 8, "late") as Record<string, unknown>[]);
  },
  drop: async () => {
    const container = createContainer();
    await dropIndex(container.registry, container.generations, args[0] ?? "");
    await container.close();
  },
  /** Runs a job given as JSON to its end. */
  job: async () => {
    const container = createContainer();
    const job = await runJob(container, JSON.parse(args[0] ?? ""));
    await container.close();
    return job;
  },
};

process.send?.({ ready: process.pid });
process.send?.({ result: await commands[command]?.() });
process.disconnect?.();
