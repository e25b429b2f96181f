import { afterEach, beforeEach, expect, test } from "vitest";
import {
  changeIndex,
  type IndexChange,
  indexChange,
  servedUntil,
} from "../../lib/domain/index/change-index.ts";
import { IndexRegistry } from "../../lib/domain/index/index-registry.ts";
import { shownOf } from "../../lib/domain/index/shown-entry.ts";
import { validate } from "../../lib/domain/validate.ts";
import { countLater, withMore } from "../support/later-fields.ts";
import { type Json, StoredDocuments } from "../support/stored-documents.ts";

const key = "registry/indexes/docs.json";
const hour = 3_600_000;

let documents: StoredDocuments;
let now: number;
const clock = { now: () => now };

beforeEach(async () => {
  documents = await StoredDocuments.create();
  now = Date.parse("2026-11-27T12:00:00.000Z");
  await documents.entry("docs");
});

afterEach(() => documents.remove());

const change = (maxStalenessMs: IndexChange["maxStalenessMs"], { registry } = documents) =>
  changeIndex({ registry, clock }, "docs", { maxStalenessMs });
const entry = async () => (await documents.registry.get("docs")).value;
const at = (ms: number) => new Date(ms).toISOString();

test.each([0, 1, hour, null])("a window of %j is taken", (maxStalenessMs) => {
  expect(validate(indexChange, { maxStalenessMs }, "body")).toEqual({ maxStalenessMs });
});

test.each([
  [{ maxStalenessMs: -1 }, ["body.maxStalenessMs"]],
  [{ maxStalenessMs: hour + 1 }, ["body.maxStalenessMs"]],
  [{ maxStalenessMs: 1.5 }, ["body.maxStalenessMs"]],
  [{ maxStalenessMs: "4000" }, ["body.maxStalenessMs"]],
  [{ maxStalenessMs: true }, ["body.maxStalenessMs"]],
  [{}, ["body"]],
  [{ retentionDays: 0 }, ["body.retentionDays"]],
  [{ retentionDays: 365.5 }, ["body.retentionDays"]],
  [{ retentionDays: "7", maxStalenessMs: 0.5 }, ["body.maxStalenessMs", "body.retentionDays"]],
  [{ upkeep: {} }, ["body.upkeep"]],
  [
    { upkeep: { rows: 0, share: 1.5, deletedShare: 0 } },
    ["body.upkeep.rows", "body.upkeep.share", "body.upkeep.deletedShare"],
  ],
  [{ upkeep: { rows: 200_001, fragments: 3 } }, ["body.upkeep.rows", "body.upkeep.fragments"]],
  [{ maxStalenessMs: 1, published: null, maxstalenessms: 1 }, ["body.published", "body.maxstalenessms"]],
])("%j is refused by the field's name", (body, paths) => {
  try {
    validate(indexChange, body, "body");
    expect.unreachable();
  } catch (error) {
    expect((error as { issues: { path: string }[] }).issues.map(({ path }) => path)).toEqual(paths);
  }
});

test("how long versions stay is changed beside the window, each without the other", async () => {
  const changed = async (asked: IndexChange) => {
    await changeIndex({ registry: documents.registry, clock }, "docs", asked);
    const { maxStalenessMs, retentionDays } = shownOf(await entry());
    return { maxStalenessMs, retentionDays };
  };
  for (const retentionDays of [0.01, 365])
    expect(validate(indexChange, { retentionDays }, "body")).toEqual({ retentionDays });
  expect(await changed({ retentionDays: 2 })).toEqual({ maxStalenessMs: null, retentionDays: 2 });
  expect(await changed({ maxStalenessMs: 5 })).toEqual({ maxStalenessMs: 5, retentionDays: 2 });
  expect(await changed({ retentionDays: 3 })).toEqual({ maxStalenessMs: 5, retentionDays: 3 });
  const before = await documents.stored(key);
  expect(await changed({ retentionDays: 3, maxStalenessMs: 5 })).toEqual({
    maxStalenessMs: 5,
    retentionDays: 3,
  });
  expect(await documents.stored(key)).toEqual(before);
  expect(await changed({ retentionDays: null })).toEqual({ maxStalenessMs: 5, retentionDays: null });
  expect(await documents.stored(key)).not.toHaveProperty("retentionDays");
});

test("from how much on a job takes in what was written is set as a whole, beside the others", async () => {
  const changed = async (asked: IndexChange) => {
    await changeIndex({ registry: documents.registry, clock }, "docs", validate(indexChange, asked, "body"));
    return shownOf(await entry());
  };
  await changed({ maxStalenessMs: 5, upkeep: { share: 0.5, rows: 100 } });
  const before = await documents.stored(key);
  expect(await changed({ upkeep: { rows: 100, share: 0.5 } })).toMatchObject({
    maxStalenessMs: 5,
    upkeep: { rows: 100, share: 0.5 },
  });
  expect(await documents.stored(key)).toEqual(before);
  expect((await changed({ upkeep: { deletedShare: 1 }, maxStalenessMs: 6 })).upkeep).toEqual({
    deletedShare: 1,
  });
  expect((await changed({ upkeep: null })).upkeep).toBeNull();
  expect(await documents.stored(key)).not.toHaveProperty("upkeep");
});

test("an entry without a window, as earlier releases wrote it, shows that it has none", async () => {
  expect(await documents.stored(key)).not.toHaveProperty("maxStalenessMs");
  expect(shownOf(await entry()).maxStalenessMs).toBeNull();
});

test("a window is stored beside what is published, and nothing else of the entry changes", async () => {
  await documents.change(key, (one) => withMore(one) as Json);
  const before = await documents.stored(key);
  await change(hour);
  const after = await documents.stored(key);
  expect(after).toEqual({ ...before, maxStalenessMs: hour, updatedAt: after["updatedAt"] });
  expect(countLater(after)).toBe(countLater(before));
  expect(shownOf(await entry())).toMatchObject({ maxStalenessMs: hour });
  await change(null);
  expect(await documents.stored(key)).not.toHaveProperty("maxStalenessMs");
});

test("the window that there is already is not written again", async () => {
  for (const window of [null, hour, hour]) await change(window);
  const { etag } = await documents.registry.get("docs");
  await change(hour);
  expect((await documents.registry.get("docs")).etag).toBe(etag);
});

test("a change that comes first is kept: the window is set on what it left", async () => {
  let isFirst = true;
  const raced = new Proxy(documents.store, {
    get: (store, member) => {
      const value = Reflect.get(store, member, store);
      if (typeof value !== "function") return value;
      if (member !== "put" || !isFirst) return value.bind(store);
      isFirst = false;
      return async (...args: unknown[]) => {
        await documents.registry.update("docs", () => ({ claim: null, lastJob: "other" }));
        return value.apply(store, args);
      };
    },
  });
  await change(hour, { ...documents, registry: new IndexRegistry(raced, clock) } as StoredDocuments);
  expect(await entry()).toMatchObject({ maxStalenessMs: hour, claim: null, lastJob: "other" });
});

test("what is replaced is served as long as the index allows from then on", async () => {
  expect(servedUntil(await entry(), now)).toBeUndefined();
  await change(hour);
  expect(servedUntil(await entry(), now + 5)).toBe(at(now + 5 + hour));
  await change(0);
  await change(2 * 60_000);
  expect(servedUntil(await entry(), now + hour)).toBe(at(now + hour + 120_000));
});

test.each([null, 0, 60_000])(
  "a container that saw a longer window before it became %j is waited for",
  async (shorter) => {
    await change(hour);
    now += 10;
    await change(shorter);
    expect(servedUntil(await entry(), now + 500)).toBe(at(now + hour));
    now += 1_000;
    await change(1_000);
    await change(0);
    expect(servedUntil(await entry(), now)).toBe(at(now - 1_000 + hour));
  },
);

test("a longer window of long ago is over", async () => {
  await change(hour);
  await change(null);
  expect(servedUntil(await entry(), now + hour - 1)).toBe(at(now + hour));
  expect(servedUntil(await entry(), now + hour)).toBeUndefined();
  await change(0);
  expect(servedUntil(await entry(), now + 2 * hour)).toBeUndefined();
});

test("a longer window is nothing to wait for beforehand", async () => {
  await change(1_000);
  await change(hour);
  expect((await entry()).staleUntil).toBeUndefined();
});

test("an index that is not there has nothing to change", async () => {
  const nowhere = () => changeIndex({ ...documents, clock }, "nowhere", { maxStalenessMs: 0 });
  await expect(nowhere()).rejects.toMatchObject({ kind: "IndexNotFound" });
  await documents.registry.create("nowhere", { state: "dropped" });
  await expect(nowhere()).rejects.toMatchObject({ kind: "IndexNotFound" });
});
