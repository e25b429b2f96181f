import { setTimeout as sleep } from "node:timers/promises";
import { limits } from "../../config/limits.ts";
import type { Waiting } from "../../domain/embedding/providers.ts";
import type { ErrorKind } from "../../domain/error-table.ts";
import { DomainError } from "../../domain/errors.ts";

/** A service as it is asked, and as errors name it: without its address, which may be nobody's business. */
export interface Service {
  /** `embedding provider "small"`. */
  what: string;
  timeoutMs: number;
  unavailable: ErrorKind;
  refused: ErrorKind;
  /** What an answer that is none means, where the status does not say it all. */
  failure?(status: number, body: string): Failure;
}

export interface Failure {
  why: string;
  /** Asking again may help. */
  isPassing: boolean;
}

export interface Question {
  url: string;
  /** Made anew for each attempt: a signature ages. */
  headers(): Promise<Record<string, string>> | Record<string, string>;
  body: string;
}

/**
 * Asks a service by POST until it answers what asking again would not change, four times at most, and not beyond the time
 * of whoever waits. What it says of an error is not passed on: it may repeat the key that it was sent.
 * @returns its JSON
 * @throws the service's kinds of errors, and the reason of the signal
 */
export async function askService(service: Service, question: Question, waiting: Waiting): Promise<unknown> {
  const ends = performance.now() + waiting.timeoutMs;
  for (let attempt = 1; ; attempt++) {
    const answered = await once(service, question, ends - performance.now(), waiting.signal);
    if ("json" in answered) return answered.json;
    const waitMs = Math.max(answered.retryAfterMs, Math.random() * limits.providerBackoffMs * 2 ** attempt);
    const isLast = attempt === limits.providerAttempts || performance.now() + waitMs >= ends;
    if (isLast) throw unavailable(service, answered.why, answered.cause);
    await sleep(waitMs, undefined, waiting.signal ? { signal: waiting.signal } : {}).catch(() =>
      waiting.signal?.throwIfAborted(),
    );
  }
}

type Attempt = { json: unknown } | { why: string; retryAfterMs: number; cause?: unknown };

async function once(
  service: Service,
  question: Question,
  leftMs: number,
  signal: AbortSignal | undefined,
): Promise<Attempt> {
  if (leftMs <= 0) throw unavailable(service, "there was no time left to ask it");
  const timeout = AbortSignal.timeout(Math.ceil(Math.min(leftMs, service.timeoutMs)));
  try {
    const response = await fetch(question.url, {
      method: "POST",
      headers: { "content-type": "application/json", ...(await question.headers()) },
      body: question.body,
      redirect: "error",
      signal: signal ? AbortSignal.any([timeout, signal]) : timeout,
    });
    return await attempted(service, response);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof DomainError) throw error;
    const why = timeout.aborted ? "it did not answer in time" : "it could not be reached";
    return { why, retryAfterMs: 0, cause: error };
  }
}

async function attempted(service: Service, response: Response): Promise<Attempt> {
  if (!response.ok) {
    const { why, isPassing } = await failureOf(service, response);
    if (isPassing) return { why, retryAfterMs: retryAfterMs(response) };
    throw refused(service, why);
  }
  const text = await boundedText(service, response);
  try {
    return { json: JSON.parse(text) as unknown };
  } catch {
    throw refused(service, "its answer is not JSON");
  }
}

async function failureOf(service: Service, response: Response): Promise<Failure> {
  const { status } = response;
  if (service.failure) return service.failure(status, await boundedText(service, response));
  await response.body?.cancel();
  const isPassing = status === 429 || status === 408 || status >= 500;
  return { why: `it answered ${status}${isPassing ? "" : (hints[status] ?? "")}`, isPassing };
}

const hints: Record<number, string> = {
  400: ": a text may be too long for its model",
  401: ": its credentials are not accepted",
  403: ": its credentials do not allow it",
  404: ": there is no such model or address",
  413: ": a text may be too long for its model",
};

/** In seconds or as a date. */
function retryAfterMs({ headers }: Response): number {
  const told = headers.get("retry-after");
  if (!told) return 0;
  const ms = /^\d+(\.\d+)?$/.test(told) ? Number(told) * 1_000 : Date.parse(told) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}

async function boundedText(service: Service, { body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > limits.maxProviderAnswerBytes) throw refused(service, "its answer is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** It does not answer, for now. */
export const unavailable = ({ what, unavailable: kind }: Service, why: string, cause?: unknown) =>
  new DomainError(kind, `${what} does not answer: ${why}`, { cause });

/** It answers, and asking again would not help. */
export const refused = ({ what, refused: kind }: Service, why: string) =>
  new DomainError(kind, `${what} is of no help: ${why}`);
