import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { kindOf } from "../../../lib/adapters/store/request-counts.ts";
import { limits } from "../../../lib/config/limits.ts";
import { usualPrices } from "../../../lib/domain/cost/prices.ts";
import { Spending } from "../../../lib/domain/cost/spending.ts";
import { noCounts, plus, type StoreCounts } from "../../../lib/domain/cost/store-counts.ts";
import { costLine } from "../../../lib/telemetry.ts";

/** A process that spends, and what it has asked so far. */
function process({
  paysForInit = false,
  tellsLance = true,
  metricsBy = undefined as "total" | "index" | undefined,
} = {}) {
  const own = { ...noCounts(), get: 40 };
  const lance = { ...noCounts(), get: 60 };
  const spending = new Spending({
    prices: usualPrices,
    memoryMb: 1_024,
    paysForInit,
    metricsBy,
    own: () => own,
    lance: () => (tellsLance ? { ...lance } : undefined),
  });
  return { spending, own, lance };
}

const counts = (some: Partial<StoreCounts>) => ({ ...noCounts(), ...some });

test("a request is told what was asked while it ran, and apart from that what was asked behind earlier answers", () => {
  const { spending, own, lance } = process();
  own.get += 2;
  lance.list += 1;
  const begun = spending.begin(0, true);
  own.put += 1;
  lance.get += 3;
  lance.bytesRead += 500;
  const { cost, explained } = spending.end(begun);
  expect(explained?.store).toEqual(counts({ put: 1, get: 3, bytesRead: 500 }));
  expect(explained?.behind).toEqual(counts({ get: 2, list: 1 }));
  expect(cost.store).toEqual(plus(explained?.store as StoreCounts, explained?.behind as StoreCounts));
  expect(cost.counted).toBe("all");
});

test("whatever overlaps, the lines add up to what was asked, and who was not alone is told so", () => {
  const { spending, own, lance } = process();
  const first = spending.begin(0, true);
  own.get += 1;
  const second = spending.begin(0, true);
  lance.get += 10;
  const ended = [spending.end(second), spending.end(first)];
  own.head += 1;
  ended.push(spending.end(spending.begin(0, true)));
  const sum = ended.map(({ cost }) => cost.store).reduce((all, one) => plus(all, one));
  expect(sum).toEqual(counts({ get: 11, head: 1 }));
  expect(ended.map(({ explained }) => explained?.shared)).toEqual([true, true, false]);
  expect(ended.map(({ explained }) => explained?.behind.get)).toEqual([1, 0, 0]);
});

test("what LanceDB asked is told once, by the line of a request that was long enough to wait for it at the latest", async () => {
  const { spending, lance } = process();
  const short = spending.begin(0);
  lance.get += 1;
  const told = spending.end(short).cost.store.get;
  const long = spending.begin(0);
  await sleep(2 * limits.unlookedMs);
  expect(told + spending.end(long).cost.store.get).toBe(1);
});

test("the first request pays for the container, where that is billed", () => {
  const { spending } = process({ paysForInit: true });
  const [first, second] = [spending.end(spending.begin(500)), spending.end(spending.begin(500))];
  expect(first.cost).toMatchObject({ initMs: 500 });
  expect(first.cost.billedMs).toBeGreaterThan(500);
  expect(first.cost.dollars).toBeCloseTo(0.000_000_2 + (first.cost.billedMs / 1_000) * 0.000_016_666_7, 10);
  expect(second.cost.initMs).toBe(0);
  const unbilled = process().spending;
  expect(unbilled.end(unbilled.begin(500)).cost.initMs).toBe(0);
});

test("where LanceDB does not tell, the cost says that only own requests are in it", () => {
  const { spending } = process({ tellsLance: false });
  const { cost, explained } = spending.end(spending.begin(0, true));
  expect([cost.counted, explained?.counted]).toEqual(["own requests", "own requests"]);
  expect(costLine({ cost, explained, metricsBy: undefined }, undefined).line).toMatchObject({
    counted: "own requests",
  });
});

test.each([
  [undefined, "docs", []],
  ["total", "docs", [["service"]]],
  ["index", "docs", [["service"], ["service", "index"]]],
  ["index", undefined, [["service"]]],
] as const)(
  "asked for metrics %s, of index %s, CloudWatch sums dollars by %j",
  (metricsBy, index, dimensions) => {
    const { spending, own } = process({ metricsBy });
    own.get += 1;
    const { line, metrics } = costLine(spending.end(spending.begin(0)), index);
    expect(line).toMatchObject({ dollars: expect.any(Number), store: { get: 1 } });
    expect(line["index"]).toBe(index);
    expect(metrics.flatMap(({ Dimensions }) => Dimensions)).toEqual(dimensions);
  },
);

test.each([
  ["get", "GET", {}],
  ["list", "GET", { "list-type": "2" }],
  ["head", "HEAD", {}],
  ["put", "PUT", {}],
  ["put", "PUT", { partNumber: "1", uploadId: "u" }],
  ["put", "POST", { uploads: "" }],
  ["delete", "POST", { delete: "" }],
  ["delete", "DELETE", {}],
])("it is %s: %s %j", (kind, method, query) => {
  expect(kindOf(method, query)).toBe(kind);
});
