import { existsSync, rmSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { type Container, createContainer } from "../../lib/container.ts";
import { asDomainError } from "../../lib/domain/errors.ts";
import { getJob } from "../../lib/domain/jobs/get-job.ts";
import { jobInput } from "../../lib/domain/jobs/job.ts";
import { startJob } from "../../lib/domain/jobs/start-job.ts";
import { parseSearchRequest } from "../../lib/domain/search/parse-search.ts";
import { searchIndex } from "../../lib/domain/search/search-index.ts";
import { fillDisk } from "./fill-disk.ts";
import { runJob, waitForJob } from "./lakehouse.ts";
import { sampleRows } from "./parquet-files.ts";

/** What a store does that is on a small disk of its own: `full-store-process.ts DATA`, where `source/small` and `source/large` are. */
const [root = ""] = process.argv.slice(2);
const container = createContainer();
const migrate = (index: string) => ({
  type: "migrate",
  index,
  source: `source/${index}`,
  indexType: "IVF_FLAT",
});
const filler = join(root, "filler");

const small = await runJob(container, migrate("small"));
const large = await runJob(container, migrate("large"));
const draftsAfterLarge = await tablesOf("large");
const whileFull = await withoutRoom(container);
const retried = await runJob(container, migrate("small"));
await container.close();
process.stdout.write(
  JSON.stringify({ small: small.state, large, draftsAfterLarge, whileFull, retried: retried.state }),
);

/** A job whose disk is full to the last block from when it loads until it has failed. */
async function withoutRoom({ ledger, workflow }: Container) {
  const id = "without-room";
  await startJob(container, id, jobInput.parse(migrate("large")));
  while (!(await ledger.read(id, "plan", z.unknown()))) await sleep(5);
  const filling = setInterval(() => fillDisk(filler), 5);
  const job = await waitForJob(container, id);
  const searched = await search();
  const refused = await startJob(container, "another", jobInput.parse(migrate("small"))).catch(
    (error) => asDomainError(error).code,
  );
  clearInterval(filling);
  rmSync(filler);
  while ((await tablesOf("large")).length > 0 || !(await ledger.ended(id))) await sleep(100);
  const after = await getJob(ledger, workflow, id);
  return { code: job.error?.code, searched, refused, after: { state: after.state, code: after.error?.code } };
}

async function search(): Promise<number> {
  const request = parseSearchRequest({ vector: sampleRows(1)[0]?.vector, k: 3, consistency: "strong" });
  return (await searchIndex(container.indexes, "small", request, 10_000)).hits.length;
}

async function tablesOf(index: string): Promise<string[]> {
  const folder = join(root, "lance", index);
  return existsSync(folder) ? readdir(folder) : [];
}
