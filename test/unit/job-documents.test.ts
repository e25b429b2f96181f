import { expect, test } from "vitest";
import { phaseOf } from "../../lib/domain/jobs/job-documents.ts";

const stored = {
  name: "load",
  state: "running",
  startedAt: "2026-01-01T00:00:00.000Z",
  ms: 1,
  rows: 20,
} as const;

test("the progress of a job that an early build began goes on where it stood", () => {
  expect(phaseOf({ ...stored, chunks: 2 })).toEqual({ ...stored, units: 2 });
  expect(phaseOf({ ...stored, chunks: 2, units: 3 })).toEqual({ ...stored, units: 3 });
  expect(phaseOf(stored)).toEqual(stored);
});
