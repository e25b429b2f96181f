import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { generatedDocs } from "../../scripts/generated-docs.ts";
import { apiKey, EmbeddingServer } from "../support/embedding-server.ts";
import { type OfflineApi, startOffline } from "../support/offline-server.ts";

const run = promisify(execFile);
const shown = "http://127.0.0.1:3000";

let readme: string;
let reference: string;
let written: string;
let folder: string;
let server: OfflineApi;
/** In place of the one that is shown. */
let provider: EmbeddingServer;

beforeAll(async () => {
  readme = await readFile("README.md", "utf8");
  reference = await readFile("docs/reference.md", "utf8");
  written = await readFile("docs/documents.md", "utf8");
  folder = await mkdtemp(join(tmpdir(), "readme-"));
  await mkdir(join(folder, "data"));
  await symlink(resolve("examples"), join(folder, "examples"));
  provider = await EmbeddingServer.start();
  const toml = join(folder, "lakehouse.toml");
  await writeFile(
    toml,
    `${await readFile("lakehouse.toml", "utf8")}\n${provider.declared("small", "dimension = 16")}`,
  );
  const declared = { LAKEHOUSE_TOML: toml, EMBEDDING_API_KEY: apiKey };
  server = await startOffline({ DATA_ROOT: join(folder, "lake"), ...declared });
});

afterAll(async () => {
  await server.stop();
  await provider.stop();
  await rm(folder, { recursive: true, force: true });
});

function blocks(language: string, text = readme): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "gms"))].map(
    ([, text]) => text ?? "",
  );
}

/** As a reader would type it, except that curl fails on a problem. */
async function type(block: string): Promise<string> {
  const script = `curl() { command curl -sS --fail-with-body --max-time 30 "$@"; }\n${block}`;
  const { stdout } = await run("bash", ["-ec", script.replaceAll(shown, server.url)], {
    cwd: folder,
    timeout: 60_000,
  });
  return stdout;
}

/** What follows the commands that run everything. */
const afterCommands = (text: string) => text.slice(text.indexOf("## The API by example"));

/** The client in TypeScript that a document shows. @returns what it prints */
async function clientOf(text: string): Promise<string> {
  const [client] = blocks("ts", text);
  await writeFile(join(folder, "client.ts"), (client ?? "").replaceAll(shown, server.url));
  return (await run(process.execPath, ["client.ts"], { cwd: folder, timeout: 30_000 })).stdout;
}

/** What the reference shows of an index, and the client of the README. */
async function whileThereIsAnIndex(): Promise<void> {
  for (const block of blocks("sh", reference)) await type(block);
  expect(await clientOf(readme)).toMatch(/doc_id: .*\nmine\n$/s);
}

async function jobsAreOver(): Promise<void> {
  for (;;) {
    const { jobs } = (await (await fetch(`${server.url}/jobs`)).json()) as { jobs: { state: string }[] };
    expect(jobs.map(({ state }) => state)).not.toContain("failed");
    if (jobs.every(({ state }) => state === "succeeded")) return;
    await sleep(100);
  }
}

test("every command of the API by example works, in their order, and the search answers what is shown", async () => {
  const typed: string[] = [];
  for (const block of blocks("sh", afterCommands(readme))) {
    for (const part of block.split(/(?=^curl -X DELETE)/m)) {
      if (part.startsWith("curl -X DELETE")) await whileThereIsAnIndex();
      typed.push(await type(part));
      if (part.includes("/jobs -H")) await jobsAreOver();
    }
  }
  const answer = JSON.parse(typed.find((output) => output.startsWith('{"hits"')) ?? "{}");
  const [example] = blocks("json").map((text) => JSON.parse(text));
  const words = (hits: { chunk_text: string }[]) => hits.map((hit) => hit.chunk_text);
  expect(words(answer.hits)).toEqual(words(example.hits));
  expect(Object.keys(answer.performance)).toEqual(expect.arrayContaining(Object.keys(example.performance)));
  const shownHit = blocks("json")
    .map((text) => JSON.parse(text))
    .find((one) => "legs" in one);
  const { fused, embedded } = hitsByText(typed);
  expect(rounded(fused)).toEqual(shownHit);
  expect(embedded).toMatchObject({ doc_id: "a", text: "the first of many" });
}, 240_000); // three jobs, one after the other

/** The first hit of a search by words and a vector, and of one by a text that was embedded. */
function hitsByText(typed: string[]): { fused: unknown; embedded: unknown } {
  const firsts = typed.flatMap(answersIn).flatMap(({ hits }) => hits?.slice(0, 1) ?? []);
  return {
    fused: firsts.find((hit) => "legs" in hit),
    embedded: firsts.find(({ text }) => String(text).startsWith("the first")),
  };
}

/** Numbers as documents show them. */
const rounded = (value: unknown) =>
  JSON.parse(JSON.stringify(value), (_, one) =>
    typeof one === "number" ? Number(one.toFixed(one < 0.1 ? 4 : 3)) : one,
  );

/** Of calls that follow each other. */
const answersIn = (output: string): { deleted?: number; hits?: Record<string, unknown>[] }[] =>
  [...output.matchAll(/^\{.*\}$/gm)].flatMap(([line]) => JSON.parse(`[${line.replaceAll("}{", "},{")}]`));

test("every command of the writing of documents works, and its client finds what it has written", async () => {
  const typed: string[] = [];
  for (const block of blocks("sh", written)) typed.push(await type(block));
  const [, ofWrites = [], ofDeletions = []] = typed.map(answersIn);
  const [shownAnswer] = blocks("json", written).map((text) => JSON.parse(text));
  expect(ofWrites[0]).toEqual(shownAnswer);
  expect(ofDeletions.map(({ deleted }) => deleted)).toEqual([1, 2, 0]);
  expect(await clientOf(written)).toBe("n0\nn100\n");
});

test("the tables of errors and of the benchmark are those of their sources", async () => {
  for (const [file, text] of Object.entries(generatedDocs())) expect(await readFile(file, "utf8")).toBe(text);
});

test("the configuration shown is one that is taken", async () => {
  const toml = /```toml\n(.*?)```/s.exec(reference)?.[1] ?? "";
  const { loadBuckets } = await import("../../lib/config/lakehouse.ts");
  const { readEnvironment } = await import("../../lib/config/environment.ts");
  const file = join(folder, "shown.toml");
  await writeFile(file, toml);
  const keys = { MINIO_ACCESS_KEY_ID: "id", MINIO_SECRET_ACCESS_KEY: "secret" };
  const names = loadBuckets(readEnvironment({ LAKEHOUSE_TOML: file, ...keys }))
    .all()
    .map(({ name }) => name);
  expect(names).toEqual(["primary", "corpus", "s3:lakehouse"]);
});
