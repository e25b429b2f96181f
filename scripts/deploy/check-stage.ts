import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ObjectStore } from "../../lib/domain/object-store.ts";
import type { ApiClient } from "../api-client.ts";
import { project } from "../stack/folders.ts";

const nameStart = "deploy-check-";
/** The indexes of checks, as a grant names them. */
export const checkedIndexes = `${nameStart}*`;

const folder = "deploy/check/";
const part = "examples/words/part-2.parquet"; // the smallest
const startTimeoutMs = 120_000; // roles are known everywhere some seconds after they are made
const jobTimeoutMs = 300_000;
const pauseMs = 1_000;

/** Searches may be served at an address of their own. */
interface CheckedApi {
  api: ApiClient;
  search: ApiClient;
}

/** Waits for an API that has just been made. @throws with its last answer */
export async function checkHealth(api: ApiClient): Promise<void> {
  await untilAnswered(() => api.health());
}

/**
 * Migrates one of the example files, searches and fetches, by the deployed API; what it made goes again, as does what a
 * check that was killed has left.
 * @throws at the first answer that is not as it has to be
 */
export async function checkIndex({ api, search }: CheckedApi, primary: ObjectStore): Promise<void> {
  const index = `${nameStart}${randomUUID().slice(0, 8)}`;
  await untilAnswered(() => dropAll(api));
  try {
    await primary.put(`${folder}${index}.parquet`, await readFile(join(project, part)));
    await migrate(api, index);
    await findOne({ api, search }, index);
  } finally {
    await primary.deletePrefix(folder);
    await dropAll(api);
  }
}

async function dropAll(api: ApiClient): Promise<void> {
  const left = (await api.indexNames()).filter((name) => name.startsWith(nameStart));
  for (const name of left) await api.drop(name);
}

async function migrate(api: ApiClient, index: string): Promise<void> {
  const source = `primary/${folder}${index}.parquet`;
  let job = await api.startJob({ type: "migrate", index, source });
  for (const until = Date.now() + jobTimeoutMs; job.state === "running"; job = await api.job(job.id)) {
    if (Date.now() > until)
      throw new Error(
        `the job ${job.id} has not ended after ${jobTimeoutMs / 1_000} s: look at its execution in Step Functions`,
      );
    await sleep(pauseMs);
  }
  if (job.state !== "succeeded")
    throw new Error(
      `the job ${job.id} is ${job.state}: ${job.error?.message ?? "the logs of its functions say why"}`,
    );
}

async function findOne({ api, search }: CheckedApi, index: string): Promise<void> {
  const { queries } = JSON.parse(await readFile(join(project, "examples/words/queries.json"), "utf8"));
  const { hits } = await search.search(index, { vector: queries[0].vector, k: 3 });
  const found = hits[0]?.doc_id;
  if (found === undefined) throw new Error("a search of the index that was made finds nothing");
  const { doc_id: fetched } = await api.document(index, `${found}`);
  if (fetched !== found) throw new Error(`the document ${found} is fetched as ${fetched}`);
}

async function untilAnswered(ask: () => Promise<unknown>): Promise<void> {
  for (const until = Date.now() + startTimeoutMs; ; await sleep(pauseMs))
    try {
      await ask();
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
    }
}
