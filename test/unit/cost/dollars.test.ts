import { expect, test } from "vitest";
import { readEnvironment } from "../../../lib/config/environment.ts";
import { dollarsOf } from "../../../lib/domain/cost/dollars.ts";
import { usualPrices } from "../../../lib/domain/cost/prices.ts";

const nothing = { get: 0, head: 0, put: 0, list: 0 };

test("a million searches of 50 ms with 2,048 MB are $1.87 of Lambda, and $1.00 more through an HTTP API", () => {
  const million = (throughApi: boolean) =>
    1e6 * dollarsOf(usualPrices, { ms: 50, memoryMb: 2_048, store: nothing, throughApi });
  expect(million(false)).toBeCloseTo(0.2 + 100_000 * 0.000_016_666_7, 9);
  expect(million(true) - million(false)).toBeCloseTo(1, 9);
});

test("requests are priced by their kind: GET and HEAD alike, PUT and LIST alike, deletions not at all", () => {
  const of = (store: object) =>
    1e6 * dollarsOf(usualPrices, { ms: 0, memoryMb: 128, store: { ...nothing, ...store } }) - 0.2;
  expect(of({ get: 1 })).toBeCloseTo(0.4, 9);
  expect(of({ head: 1 })).toBeCloseTo(0.4, 9);
  expect(of({ put: 1 })).toBeCloseTo(5, 9);
  expect(of({ list: 1 })).toBeCloseTo(5, 9);
  expect(of({ delete: 1 })).toBeCloseTo(0, 9);
});

test("each begun millisecond is billed, and disk beyond the first 512 MB", () => {
  const of = (ms: number, diskMb?: number) =>
    dollarsOf(usualPrices, { ms, memoryMb: 1_024, diskMb, store: nothing }) - usualPrices.invocation;
  expect(of(2.1)).toBeCloseTo(0.003 * 0.000_016_666_7, 15);
  expect(of(1_000, 512)).toBeCloseTo(0.000_016_666_7, 15);
  expect(of(1_000, 1_536)).toBeCloseTo(0.000_016_666_7 + 0.000_000_030_9, 15);
});

test("PRICES replaces some of the prices, and what is no price is refused by name", () => {
  expect(readEnvironment({}).PRICES).toBeUndefined();
  expect(readEnvironment({ PRICES: '{"get": 4.3e-7}' }).PRICES).toEqual({ ...usualPrices, get: 4.3e-7 });
  expect(() => readEnvironment({ PRICES: '{"get": -1}' })).toThrow(/PRICES\.get/);
  expect(() => readEnvironment({ PRICES: '{"put": 2}' })).toThrow(/PRICES\.put/);
  expect(() => readEnvironment({ PRICES: '{"list": "free"}' })).toThrow(/PRICES\.list/);
  expect(() => readEnvironment({ PRICES: '{"gold": 1}' })).toThrow(/PRICES.*gold/);
  expect(() => readEnvironment({ PRICES: "{get: 1}" })).toThrow(/PRICES: must be JSON/);
});
