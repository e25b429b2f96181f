import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type Answer,
  fittingRequests,
  type KeyedApi,
  openKeyedApi,
  operationNames,
  type Sent,
} from "../support/keyed-api.ts";

/** API8:2023 Security misconfiguration: what an answer says of the service, to whom, and what is not said. */
let api: KeyedApi;
beforeAll(async () => {
  api = await openKeyedApi();
  await api.makeIndex("docs");
});
afterAll(() => api?.close());

const names = operationNames.filter((name) => name !== "dropIndex");

function expectPlain({ headers, body }: Answer): void {
  expect(headers).toMatchObject({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
  expect(headers["content-type"] ?? "application/json").toMatch(/^application\/(problem\+)?json\b/);
  for (const name of ["server", "x-powered-by", "access-control-allow-origin", "set-cookie"])
    expect(headers).not.toHaveProperty(name);
  const text = JSON.stringify(body ?? null);
  expect(text).not.toMatch(/\bat \S+ \(|node:internal|node_modules|\.ts:\d+|\.rs:\d+|Error:/);
  expect(text).not.toContain(api.root);
}

test.each(names)(
  "%s answers with the headers of all answers, and says nothing of what it is made of",
  async (name) => {
    const fitting = fittingRequests("docs")[name];
    const sent: Sent[] = [
      fitting,
      { ...fitting, query: { "'": "1" } },
      { path: { index: "nowhere", docId: "x", id: "x" } },
      { ...fitting, raw: "{" },
    ];
    for (const one of sent) expectPlain(await api.ask(api.everything, name, one));
    expectPlain(await api.ask(undefined, name, fitting));
  },
);

test("a fault of ours says nothing but that, wherever it comes from", async () => {
  const folder = join(api.root, "registry/indexes");
  await mkdir(folder, { recursive: true });
  await mkdir(join(folder, "unreadable.json"), { recursive: true });
  await writeFile(join(folder, "torn.json"), '{"name":"torn","published":{"bucket":"s3cret');
  for (const index of ["unreadable", "torn"])
    for (const name of ["getIndex", "search"] as const) {
      const answer = await api.ask(api.everything, name, fittingRequests(index)[name]);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expectPlain(answer);
      expect(JSON.stringify(answer.body)).not.toContain("s3cret");
    }
});

test("a route that is none is answered as one, to whoever asks", async () => {
  const answer = await api.ask(undefined, "notFound", {});
  expect(answer.status).toBe(404);
  expectPlain(answer);
});

test("who has no key learns of health that it runs, and nothing of what goes on", async () => {
  const { body } = await api.ask(undefined, "health");
  expect(Object.keys(body).sort()).toEqual(["fallbacks", "status", "uptimeSeconds", "versions"]);
  expect(body.fallbacks).toEqual([]);
});
