import type { Job } from "../lib/domain/jobs/job.ts";
import type { SearchResponse } from "../lib/domain/search/search-request.ts";

const requestTimeoutMs = 30_000;

/** The few calls the demo makes, over HTTP like any client's. */
export class ApiClient {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
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
  async #call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(this.#url + path, {
      method,
      signal: AbortSignal.timeout(requestTimeoutMs),
      ...(body === undefined
        ? {}
        : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as T & { title?: string; detail?: string };
    if (response.ok) return answer;
    throw new Error(
      `${method} ${path}: ${response.status} ${answer.title ?? ""} ${answer.detail ?? ""}`.trim(),
    );
  }
}
