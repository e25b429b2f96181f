import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "../../lib/config/limits.ts";
import {
  type MadeBy,
  madeBy,
  type TurnVersions,
  withTurn,
} from "../../lib/domain/documents/turn-versions.ts";

/** What happens between two turns, and in one. */
const turn = fc.record({
  before: fc.nat(3), // commits of others since the last turn
  shapes: fc.nat(2),
  between: fc.nat(2), // of others, before its own commit
  gathers: fc.boolean(),
  meanwhile: fc.nat(1), // of others, before it gathers
});
type Step = typeof turn extends fc.Arbitrary<infer T> ? T : never;

/** Goes on from a version, and notes who made each. */
function played(steps: Step[], published: number) {
  const truth = new Map<number, MadeBy>();
  let [version, told, left]: [number, TurnVersions | undefined, number | undefined] = [
    published,
    undefined,
    undefined,
  ];
  const add = (count: number, by: MadeBy) => {
    for (let i = 0; i < count; i++) truth.set(++version, by);
    return version;
  };
  for (const step of steps) {
    const opened = add(step.before, "client");
    const shaped = add(step.shapes, "write");
    add(step.between, "client");
    const committed = add(1, "write");
    if (step.gathers) add(step.meanwhile, "client");
    const gathered = step.gathers ? add(1, "maintenance") : undefined;
    told = withTurn(told, { left, published, opened, shaped, committed, gathered });
    left = version;
  }
  return { truth, told, version };
}

test("whoever made a version is told, whatever turns and others did", () => {
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 30 }), fc.integer({ min: 1, max: 9 }), (steps, published) => {
      const { truth, told, version } = played(steps, published);
      for (let one = published + 1; one <= version; one++)
        expect(madeBy(one, told, true), String(one)).toBe(truth.get(one));
      expect(madeBy(version + 1, told, true)).toBe("client");
      expect(madeBy(version + 1, told, false)).toBe("unknown");
    }),
  );
});

test("of a long past what is forgotten is unknown, and nothing is told wrongly", () => {
  const steps = Array.from({ length: 3 * limits.toldVersionRanges }, (_, i) => ({
    ...{ before: 1, shapes: 0, between: 0, meanwhile: 0 },
    gathers: i % 2 === 0,
  }));
  const { truth, told, version } = played(steps, 1);
  expect(told?.others.length).toBeLessThanOrEqual(limits.toldVersionRanges);
  expect(told?.gathered.length).toBeLessThanOrEqual(limits.toldVersionRanges);
  let known = 0;
  for (let one = 2; one <= version; one++) {
    const by = madeBy(one, told, true);
    if (by !== "unknown") expect(by).toBe(truth.get(one));
    if (by !== "unknown") known += 1;
  }
  expect(known).toBeGreaterThan(limits.toldVersionRanges);
});

test("what a release made that does not tell is unknown, and what comes after it is known again", () => {
  const made = { published: 1, opened: 9, shaped: 9, committed: 10, gathered: undefined };
  const told = withTurn(undefined, { ...made, left: 9 });
  expect([9, 10].map((version) => madeBy(version, told, true))).toEqual(["unknown", "write"]);
  const later = { opened: 15, shaped: 15, committed: 16, gathered: undefined, published: 1, left: 14 };
  const again = withTurn(told, later); // the turn that left 14 told nothing
  expect([10, 14, 15, 16].map((version) => madeBy(version, again, true))).toEqual([
    ...["unknown", "unknown", "unknown", "write"],
  ]);
});
