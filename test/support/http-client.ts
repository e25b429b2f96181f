import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { type ErrorKind, errorTable } from "../../lib/domain/error-table.ts";
import { DomainError, type Issue } from "../../lib/domain/errors.ts";
import type { Job } from "../../lib/domain/jobs/job.ts";
import { explainedCost } from "../../lib/http/cost-schema.ts";
import { toldCost } from "../../lib/http/explained-cost.ts";
import type { Operation } from "../../lib/http/operations/operation.ts";
import { type OperationName, operations, problem } from "../../lib/http/operations.ts";

export interface Answer {
  status: number;
  headers: Headers;
  /** Parsed JSON; undefined without a body. */
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it asked for, and the schemas have been held to it
  body: any;
}

export interface Sent {
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it stands. */
  raw?: string | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
  query?: string;
}

/** A client that holds every answer to the contract: the operation's response schema, or that of a problem. */
export class HttpClient {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  /** Calls an operation; path parameters are percent-encoded. */
  async call(name: OperationName, path: Record<string, string> = {}, sent: Sent = {}): Promise<Answer> {
    const operation = operations[name];
    const route = operation.route.replace(/\{(\w+)\}/g, (_, key) => encodeURIComponent(path[key] ?? ""));
    const answer = await this.send(operation.method.toUpperCase(), route + (sent.query ?? ""), sent);
    if (answer.status >= 400) return answer;
    expect([operation.status, pendingStatusOf(operation)]).toContain(answer.status);
    if ("response" in operation) operation.response.parse(answer.body);
    else expect(answer.body).toBeUndefined();
    return answer;
  }

  async send(method: string, path: string, { body, raw, headers = {} }: Sent = {}): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      body: raw ?? (body === undefined ? undefined : JSON.stringify(body)),
      headers: body === undefined ? headers : { "content-type": "application/json", ...headers },
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    const answer = {
      status: response.status,
      headers: response.headers,
      body: text ? JSON.parse(text) : undefined,
    };
    expect(response.headers.get("x-correlation-id")).toMatch(/^[\w.:-]{1,128}$/);
    const cost = response.headers.get(toldCost);
    if (cost !== null) explainedCost.parse(JSON.parse(cost));
    if (answer.status >= 400 && method !== "HEAD") expectProblem(answer);
    return answer;
  }

  async search(index: string, body: unknown): Promise<Answer> {
    return this.call("search", { index }, { body });
  }

  async startJob(body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.call("startJob", {}, { body, headers });
  }

  /** Asks until the job satisfies. */
  async jobWhen(id: string, satisfies: (job: Job) => boolean, timeoutMs = 60_000): Promise<Job> {
    const deadline = Date.now() + timeoutMs;
    while (Date.now() < deadline) {
      const { body } = await this.call("getJob", { id });
      if (satisfies(body)) return body;
      await sleep(20);
    }
    throw new Error(`job ${id} did not get there in ${timeoutMs} ms`);
  }

  async migrate(index: string, source: string, more: object = {}): Promise<Job> {
    const started = await this.startJob({ type: "migrate", index, source, ...more });
    expect(started.status, JSON.stringify(started.body)).toBe(202);
    const job = await this.jobWhen(started.body.id, ({ state }) => state !== "running");
    expect(job.error).toBeNull();
    return job;
  }
}

function pendingStatusOf({ pendingStatus }: Operation): number | undefined {
  return pendingStatus;
}

const kindOf = (code: string) =>
  Object.entries(errorTable).find(([, one]) => one.code === code)?.[0] as ErrorKind;

function expectProblem({ status, headers, body }: Answer): void {
  expect(headers.get("content-type")).toMatch(/^application\/problem\+json/);
  const parsed = problem.parse(body);
  expect(parsed.status).toBe(status);
  expect(parsed.type).toBe(`urn:problem:${parsed.code}`);
  expect(parsed.instance).toBe(`urn:request:${headers.get("x-correlation-id")}`);
  if (parsed.code === "bad-request") expect(parsed.issues?.length).toBeGreaterThan(0);
  if (!new DomainError(kindOf(parsed.code), "").isShown)
    expect(Object.keys(body).sort()).toEqual(["code", "instance", "status", "title", "type"]);
}

/** Paths of the issues of a bad request. */
export function issuePaths({ status, body }: Answer): string[] {
  expect(status, JSON.stringify(body)).toBe(400);
  return (body.issues as Issue[]).map(({ path }) => path);
}
