import fc from "fast-check";
import { expect, test } from "vitest";
import { actions, type Grant, grants } from "../../../lib/domain/access/grants.ts";
import { Principal } from "../../../lib/domain/access/principal.ts";

const name = fc.stringMatching(/^[ab][ab-]{0,3}$/);
const pattern = fc.oneof(
  name,
  name.map((start) => `${start}*`),
  fc.constant("*"),
);
const grant = fc.record({
  actions: fc.uniqueArray(fc.constantFrom(...actions), { minLength: 1 }),
  indexes: fc.array(pattern, { minLength: 1, maxLength: 3 }),
  buckets: fc.array(pattern, { maxLength: 3 }),
});
const isNamed = (patterns: string[], one: string) =>
  patterns.some((pattern) => new RegExp(`^${pattern.replace("*", ".*")}$`).test(one));
const kindOf = (work: () => void) => {
  try {
    work();
  } catch (error) {
    return (error as { kind: string }).kind;
  }
  return "granted";
};

test("an action is done where one grant names both it and the index; an index that none names is not there", () => {
  fc.assert(
    fc.property(
      fc.array(grant, { minLength: 1, maxLength: 3 }),
      name,
      fc.constantFrom(...actions),
      (given, index, action) => {
        expect(grants.parse(given)).toEqual(given);
        const principal = new Principal("one", given);
        const ofIndex = given.filter(({ indexes }) => isNamed(indexes, index));
        const expected = ofIndex.some((one) => one.actions.includes(action)) ? "granted" : "Forbidden";
        expect(kindOf(() => principal.refuse(action, index))).toBe(
          ofIndex.length === 0 ? "IndexNotFound" : expected,
        );
        expect(principal.sees(index)).toBe(ofIndex.length > 0);
        const isAnywhere = given.some((one) => one.actions.includes(action));
        expect(kindOf(() => principal.refuse(action, undefined))).toBe(isAnywhere ? "granted" : "Forbidden");
        expect(principal.reaches(index)).toBe(given.some(({ buckets }) => isNamed(buckets, index)));
      },
    ),
  );
});

const all: Grant = { actions: [...actions], indexes: ["*"], buckets: ["*"] };

test.each([
  [true, [all]],
  [true, [{ ...all, actions: ["admin"], buckets: [] }]],
  [false, [{ ...all, indexes: ["a*"] }]],
  [false, [{ ...all, actions: ["read", "write", "jobs", "search"] }]],
  [
    false,
    [
      { ...all, actions: ["read"] },
      { ...all, indexes: ["a*", "b*"] },
    ],
  ],
] as [boolean, Grant[]][])("keys may be made: %s", (isRoot, given) => {
  expect(new Principal("one", given).isRoot).toBe(isRoot);
});
