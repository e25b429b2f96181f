import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "@lancedb/lancedb";
import { type Container, createContainer } from "../../lib/container.ts";
import { patchDocuments } from "../../lib/domain/documents/patch-documents.ts";
import { writeDocuments, writeMode } from "../../lib/domain/documents/write-documents.ts";
import { DomainError } from "../../lib/domain/errors.ts";
import { dropIndex } from "../../lib/domain/index/drop-index.ts";
import { jobInput } from "../../lib/domain/jobs/job.ts";
import { startJob } from "../../lib/domain/jobs/start-job.ts";
import { keyedBatch, writtenBy } from "./document-writers.ts";
import { runJob, waitForJob } from "./lakehouse.ts";
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
  /** Upserts the same ids in so many rounds: index, name of the writer, rounds, ids. Tells of each that was acknowledged. */
  "write-rounds": async () => {
    const [index = "", writer = "", rounds = "1", ids = "1"] = args;
    const container = createContainer();
    for (let round = 0; round < Number(rounds); round++) {
      const documents = writtenBy(writer, round, Number(ids));
      await writeDocuments(container, { index, mode: "upsert", documents, keyed: undefined }, 30_000);
      process.send?.({ acknowledged: round });
    }
    await container.close();
  },
  /** The same until a moment, in milliseconds: index, name of the writer, moment, ids. */
  "write-rounds-until": async () => {
    const [index = "", writer = "", until = "0", ids = "1"] = args;
    const container = createContainer();
    for (let round = 0; Date.now() < Number(until); round++) {
      const documents = writtenBy(writer, round, Number(ids));
      try {
        await writeDocuments(container, { index, mode: "upsert", documents, keyed: undefined }, 60_000);
        process.send?.({ acknowledged: round });
      } catch (error) {
        if (!(error instanceof DomainError && error.retryable)) throw error;
        await sleep(250); // more was written than its jobs have taken in
      }
    }
    await container.close();
  },
  /** Inserts with keys until it is killed: index, prefix. Tells of each before it is sent and when it was acknowledged. */
  "write-keyed": async () => {
    const [index = "", prefix = ""] = args;
    const container = createContainer();
    for (let number = 0; ; number++) {
      process.send?.({ sent: number });
      await writeDocuments(container, { index, mode: "insert", ...keyedBatch(prefix, number) }, 30_000);
      process.send?.({ acknowledged: number });
    }
  },
  /** Writes the documents given as JSON, with the key given, when it is told to: index, mode, documents, key. */
  "write-later": async () => {
    const [index = "", mode = "", documents = "", key = ""] = args;
    const container = createContainer();
    await container.registry.get(index);
    process.send?.({ opened: true });
    await once(process, "message");
    const keyed = { key, request: documents.length.toString() };
    const request = { index, mode: writeMode.parse(mode), documents: JSON.parse(documents), keyed };
    process.send?.({ written: await writeDocuments(container, request, 30_000) });
    await container.close();
  },
  /** Inserts the documents given as JSON, with the key given, and dies once they are committed, before it answers: index, documents, key. */
  "write-unanswered": async () => {
    const [index = "", documents = "", key = ""] = args;
    const container = createContainer();
    container.receipts.keep = async () => {
      process.kill(process.pid, "SIGKILL");
      return new Promise(() => undefined);
    };
    const keyed = { key, request: "insert" };
    const request = { index, mode: "insert" as const, documents: JSON.parse(documents), keyed };
    await writeDocuments(container, request, 30_000);
  },
  /** Changes documents as JSON says, with the key given, when it is told to: index, patch, key. */
  "patch-later": async () => {
    const [index = "", patch = "", key = ""] = args;
    const container = createContainer();
    await container.registry.get(index);
    process.send?.({ opened: true });
    await once(process, "message");
    const keyed = { key, request: "count" };
    process.send?.({ written: await patchDocuments(container, index, JSON.parse(patch), keyed, 30_000) });
    await container.close();
  },
  /** Runs a job given as JSON to its end. */
  job: async () => {
    const container = createContainer();
    const job = await runJob(container, JSON.parse(args[0] ?? ""));
    await container.close();
    return job;
  },
  /** Runs a job and all that it does after its publication: id, job as JSON. */
  "job-to-its-end": async () => {
    const [id = "", job = ""] = args;
    const container = createContainer();
    await startJob(container, id, jobInput.parse(JSON.parse(job)));
    await container.close();
  },
  /** Runs a job and dies right after the n-th call of what it writes with: id, job as JSON, n. */
  "job-until": async () => {
    const [id = "", job = "", calls = "0"] = args;
    const container = createContainer();
    killAfter(container, Number(calls));
    await startJob(container, id, jobInput.parse(JSON.parse(job)));
    return waitForJob(container, id);
  },
};

/** Counts the calls to tables and ledger, and ends this process without warning. */
function killAfter(container: Container, calls: number): void {
  let left = calls;
  const counted = <T extends object>(port: T): T =>
    new Proxy(port, {
      get: (target, name) => {
        const member = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        return async (...given: unknown[]) => {
          const result = await member.apply(target, given);
          if (--left === 0) process.kill(process.pid, "SIGKILL");
          return result;
        };
      },
    });
  container.generations = counted(container.generations);
  container.ledger = counted(container.ledger);
}

process.send?.({ ready: process.pid });
process.send?.({ result: await commands[command]?.() });
process.disconnect?.();
