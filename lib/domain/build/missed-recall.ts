import { z } from "zod";
import { DomainError } from "../errors.ts";
import type { JobLedger } from "../jobs/job-ledger.ts";

const missedTry = z.object({ why: z.string() });
const nameOf = (attempt: number) => `missed-${attempt}`;

/** What a job noted of its tries that missed the recall, in their order: the next one is built with finer codes. */
export async function missedTries(ledger: JobLedger, job: string): Promise<string[]> {
  const missed: string[] = [];
  for (;;) {
    const one = await ledger.read(job, nameOf(missed.length), missedTry);
    if (!one) return missed;
    missed.push(one.why);
  }
}

/** Each try has a note of its own, so that a task which comes late changes nothing. @param attempt from 0 */
export async function noteMissed(ledger: JobLedger, job: string, attempt: number, error: DomainError) {
  const why = `before it ${whatWasReached(error)}`;
  await ledger.write(job, nameOf(attempt), { why } satisfies z.infer<typeof missedTry>);
}

/** Without what somebody who reads it as an error could do. */
export const whatWasReached = ({ message }: DomainError): string => message.split("; ")[0] ?? message;

/** Whether an error says that the index does not reach the recall, and nothing else. */
export const isMissed = (error: unknown): error is DomainError =>
  error instanceof DomainError && error.kind === "RecallNotReached";
