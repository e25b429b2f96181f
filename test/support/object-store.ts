import { afterEach, beforeEach, describe, test } from "vitest";
import type { StorePlace, StoreRule } from "../../scripts/store/store-rule.ts";

export interface StoreBackend<P extends StorePlace = StorePlace> {
  /** @returns an empty root */
  start(): Promise<P>;
  stop(): Promise<void>;
}

/**
 * Each rule as a test (`npm run check:store` runs the same ones).
 * @param broken names of those that are known not to hold there: a test fails when one does
 */
export function describeObjectStore<P extends StorePlace>(
  name: string,
  rules: StoreRule<P>[],
  backend: StoreBackend<P>,
  broken: string[] = [],
): void {
  describe(name, () => {
    let place: P;

    beforeEach(async () => {
      place = await backend.start();
    });

    afterEach(() => backend.stop());

    for (const rule of rules) {
      const held = broken.includes(rule.name) ? test.fails : test;
      held(rule.name, () => rule.check(place));
    }
  });
}
