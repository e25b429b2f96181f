import { expect, test } from "vitest";
import { descriptorsIn, maxOpenIndexes } from "../../../lib/config/descriptors.ts";

const told = (soft: string) =>
  `Limit                     Soft Limit           Hard Limit           Units     \nMax open files            ${soft.padEnd(21)}1048576              files     \n`;

test("the soft limit of open files is read", () => {
  expect(descriptorsIn(told("1024"))).toBe(1_024);
  expect(descriptorsIn(told("unlimited"))).toBe(Number.POSITIVE_INFINITY);
  expect(descriptorsIn("")).toBe(1_024);
});

test.each([
  [128, 1_024, true, 8], // by memory
  [2_048, 1_024, true, 32], // by sockets
  [10_240, 100_000, true, 64],
  [2_048, 256, false, 48], // by files
  [128, 10, true, 1],
])("%i MB and %i descriptors: so many open indexes", (memoryMb, descriptors, isRemote, most) => {
  expect(maxOpenIndexes(memoryMb, descriptors, isRemote)).toBe(most);
});
