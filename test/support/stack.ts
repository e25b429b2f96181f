import { inject } from "vitest";
import { Stack } from "../../scripts/stack/stack.ts";

/** The stack that all files of test/stack have in common: they run one after another, and each cleans up after itself. */
export function theStack(): Stack {
  return new Stack(inject("stackRun"));
}
