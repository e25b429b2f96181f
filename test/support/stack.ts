import { inject } from "vitest";
import { Stack } from "../../scripts/stack/stack.ts";

/**
 * The stack that all files of test/stack have in common: they run one after another, and each cleans up after itself.
 * For those of test/store, which run beside others, its stores alone: each has a bucket of its own there.
 */
export function theStack(): Stack {
  return new Stack(inject("stackRun"));
}
