import { afterEach, beforeEach, expect, test } from "vitest";
import { limits } from "../../../lib/config/limits.ts";
import { Principal } from "../../../lib/domain/access/principal.ts";
import { ScopedLedger } from "../../../lib/domain/access/scoped-ledger.ts";
import { ScopedRegistry } from "../../../lib/domain/access/scoped-readers.ts";
import { EntryList } from "../../../lib/domain/index/entry-list.ts";
import { listJobs } from "../../../lib/domain/jobs/get-job.ts";
import { listIndexes } from "../../../lib/domain/search/describe-index.ts";
import { input, StoredDocuments } from "../../support/stored-documents.ts";

let documents: StoredDocuments;
const principal = new Principal("one", [{ actions: ["jobs"], indexes: ["own-*"], buckets: [] }]);

beforeEach(async () => {
  documents = await StoredDocuments.create();
});

afterEach(() => documents.remove());

test.each([1, 2, 3, 50])("pages of %i list each index that is seen once, and no other", async (limit) => {
  const own = Array.from({ length: 5 }, (_, i) => `own-${i}`);
  const others = Array.from({ length: 20 }, (_, i) => `${"azp"[i % 3]}-${i}`);
  for (const name of [...own, ...others]) await documents.registry.create(name, {});
  const seen: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const list = new EntryList(documents.store, documents.clock);
    const page = await listIndexes(list, { limit, ...(cursor ? { cursor } : {}) }, (index) =>
      principal.sees(index),
    );
    expect(page.indexes.length).toBeLessThanOrEqual(limit);
    seen.push(...page.indexes.map(({ name }) => name));
    if (page.next === null) break;
    cursor = page.next;
  }
  expect(seen).toEqual(own);
});

test.each([1, 3, 50])(
  "pages of %i list each job that is seen once, newest first, and no other",
  async (limit) => {
    const workflow = documents.embedded();
    const ledger = new ScopedLedger(documents.store, documents.clock, principal);
    for (let i = 0; i < 12; i++)
      await documents.ledger.register(`job-${i}`, { ...input, index: i % 3 === 0 ? `own-${i}` : "other" });
    const seen: string[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await listJobs(ledger, workflow, { limit, ...(cursor ? { cursor } : {}) });
      seen.push(...page.jobs.map(({ id }) => id));
      if (page.next === null) break;
      cursor = page.next;
    }
    expect(seen.sort()).toEqual(["job-0", "job-3", "job-6", "job-9"]);
    expect(await ledger.record("job-1")).toBeUndefined();
    expect(limits.maxListedJobsLookedAt).toBeGreaterThan(limits.maxPageSize);
    await workflow.close();
  },
);

test("of an index that is not seen there is no entry, and none is made", async () => {
  await documents.entry("other");
  await documents.entry("own-1");
  const registry = new ScopedRegistry(documents.store, documents.clock, principal);
  expect(await registry.read("other")).toBeUndefined();
  expect((await registry.get("own-1")).value.name).toBe("own-1");
  const gone = { kind: "IndexNotFound" };
  await expect(registry.get("other")).rejects.toMatchObject(gone);
  await expect(registry.update("other", () => ({ lastGeneration: 9 }))).rejects.toMatchObject(gone);
  await expect(registry.updateDropped("other", () => ({ retiring: [] }))).rejects.toMatchObject(gone);
  for (const name of ["other", "another"])
    await expect(registry.create(name, {})).rejects.toMatchObject(gone);
});
