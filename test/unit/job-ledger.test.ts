import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LocalStore } from "../../lib/adapters/store/local-store.ts";
import { limits } from "../../lib/config/limits.ts";
import { JobLedger } from "../../lib/domain/jobs/job-ledger.ts";

const workers = 3 * limits.ledgerReadsAtATime;
let root: string;
let store: BusyStore;
let ledger: JobLedger;

/** Tells how many reads were under way at most. */
class BusyStore extends LocalStore {
  most = 0;
  #underWay = 0;

  override async get(key: string) {
    this.most = Math.max(this.most, ++this.#underWay);
    await new Promise(setImmediate);
    return super.get(key).finally(() => this.#underWay--);
  }
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "ledger-"));
  store = new BusyStore(root);
  ledger = new JobLedger(store, { now: () => 0 });
  for (let worker = 0; worker < workers; worker++)
    await ledger.progress("job", "load", worker, {
      state: "done",
      startedAt: "1970-01-01T00:00:00.000Z",
      ms: worker,
    });
  store.most = 0;
});

afterEach(() => rm(root, { recursive: true, force: true }));

test("the progress of many workers is read some at a time", async () => {
  const phases = await ledger.phases("job");
  expect(phases.reduce((sum, { ms }) => sum + ms, 0)).toBe((workers * (workers - 1)) / 2);
  expect(store.most).toBe(limits.ledgerReadsAtATime);
});

test("so are all documents of a job that is ended", async () => {
  await ledger.refuseNewer("job");
  expect(store.most).toBe(limits.ledgerReadsAtATime);
});
