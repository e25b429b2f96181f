import type { Job } from "../lib/domain/jobs/job.ts";
import type { SearchResponse } from "../lib/domain/search/search-response.ts";

const requestTimeoutMs = 30_000;

/** What a request says of who sends it. */
export type Authorize = (request: { method: string; url: URL; body?: string }) => Record<string, string>;

/** The few calls that scripts make, over HTTP like any client's. */
export class ApiClient {
  readonly #url: string;
  readonly #authorize: Authorize;

  constructor(url: string, authorize: Authorize = () => ({})) {
    this.#url = url;
    this.#authorize = authorize;
  }

  async health(): Promise<unknown> {
    return this.#call("GET", "/health");
  }

  async indexNames(): Promise<string[]> {
    const { indexes } = await this.#call<{ indexes: { name: string }[] }>("GET", "/indexes");
    return indexes.map(({ name }) => name);
  }

  async drop(index: string): Promise<void> {
    await this.#call("DELETE", `/indexes/${index}`);
  }

  async startJob(input: unknown): Promise<Job> {
    return this.#call("POST", "/jobs", input);
  }

  async job(id: string): Promise<Job> {
    return this.#call("GET", `/jobs/${id}`);
  }

  async search(index: string, body: unknown): Promise<SearchResponse> {
    return this.#call("POST", `/indexes/${index}/search`, body);
  }

  async document(index: string, docId: string): Promise<Record<string, unknown>> {
    return this.#call("GET", `/indexes/${index}/documents/${encodeURIComponent(docId)}`);
  }

  /** @throws Error with the problem's title and detail */
  async #call<T>(method: string, path: string, sent?: unknown): Promise<T> {
    const body = sent === undefined ? {} : { body: JSON.stringify(sent) };
    const url = new URL(this.#url + path);
    const signal = AbortSignal.timeout(requestTimeoutMs);
    const type: Record<string, string> = sent === undefined ? {} : { "content-type": "application/json" };
    const headers = { ...type, ...this.#authorize({ method, url, ...body }) };
    const response = await fetch(url, { method, signal, headers, ...body });
    const answer = JSON.parse((await response.text()) || "{}") as T & { title?: string; detail?: string };
    if (response.ok) return answer;
    throw new Error(
      `${method} ${path}: ${response.status} ${answer.title ?? ""} ${answer.detail ?? ""}`.trim(),
    );
  }
}
