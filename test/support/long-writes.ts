import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Container } from "../../lib/container.ts";
import { createIndex, createRequest } from "../../lib/domain/documents/create-index.ts";
import { writeDocuments } from "../../lib/domain/documents/write-documents.ts";
import { fetchDocuments } from "../../lib/domain/search/fetch-document.ts";
import { keyedBatch } from "./document-writers.ts";
import type { WrittenLakehouse } from "./document-writes.ts";
import { otherProcess } from "./other-process.ts";
import { servedGeneration } from "./served-generation.ts";

export interface LongWrites {
  kills: number;
  seconds: number;
  writers: number;
  keys: number;
}

/** What holds of documents that are written for long, by processes that are killed or many. */
export function describeLongWrites(
  name: string,
  create: () => Promise<WrittenLakehouse>,
  { kills, seconds, writers, keys }: LongWrites,
): void {
  describe(`documents written to ${name} for long`, () => {
    const turn = { WRITE_TURN_MS: "1000" };
    let lakehouse: WrittenLakehouse;
    let container: Container;

    beforeAll(async () => {
      lakehouse = await create();
      container = lakehouse.open(turn);
    });

    afterAll(() => lakehouse?.remove());

    const make = async (index: string) => {
      const columns = [{ name: "chunk_text", type: "Utf8" }];
      const request = { name: index, bucket: lakehouse.bucket, dimension: 4, columns };
      await createIndex(container, createRequest.parse(request), undefined);
    };

    const rowsOf = async (index: string) => {
      return container.generations.rowsOf(await servedGeneration(container, index));
    };

    async function textsOf(index: string, ids: string[]): Promise<Map<string, unknown>> {
      const texts = new Map<string, unknown>();
      for (let i = 0; i < ids.length; i += 1_000) {
        const asked = { ids: ids.slice(i, i + 1_000), consistency: "strong" } as const;
        const { documents } = await fetchDocuments(container.indexes, index, asked, 20_000);
        for (const { doc_id, chunk_text } of documents) texts.set(doc_id, chunk_text);
      }
      return texts;
    }

    const numbers = (messages: unknown[], what: "sent" | "acknowledged") =>
      messages.flatMap((one) => (one as Record<string, number>)[what] ?? []);

    test(`by a process that is killed ${kills} times: what was acknowledged is there, and what is sent again is there once`, async ({
      task,
    }) => {
      await make("killed");
      const expected: string[] = [];
      for (let kill = 0; kill < kills; kill++) {
        const prefix = `p${kill}`;
        const child = otherProcess({ ...lakehouse.environment, ...turn }, "write-keyed", "killed", prefix);
        while (numbers(child.messages, "sent").length === 0) await sleep(5);
        await sleep(randomInt(1_500));
        await child.kill();
        const sent = numbers(child.messages, "sent").length;
        const acknowledged = numbers(child.messages, "acknowledged").length;
        expect([sent, sent - 1]).toContain(acknowledged);
        const batches = Array.from({ length: sent }, (_, i) => keyedBatch(prefix, i));
        const ids = batches
          .slice(0, acknowledged)
          .flatMap(({ documents }) => documents.map((one) => one.doc_id));
        expect((await textsOf("killed", ids)).size).toBe(ids.length);
        const last = batches.at(-1);
        if (last) await writeDocuments(container, { index: "killed", mode: "insert", ...last }, 30_000);
        expected.push(...batches.flatMap(({ documents }) => documents.map((one) => one.doc_id)));
      }
      expect((await textsOf("killed", expected)).size).toBe(expected.length);
      expect(await rowsOf("killed")).toBe(expected.length);
      task.meta.figures = `${kills} kills, ${expected.length / 2} writes`;
    });

    test(`by ${writers} processes to the same ${keys} ids for ${seconds} s: each is there once, with the last of a writer`, async ({
      task,
    }) => {
      await make("raced");
      const until = String(Date.now() + 1_000 * seconds);
      const names = Array.from({ length: writers }, (_, i) => `w${i}`);
      const environment = { ...lakehouse.environment, PROCESS_TIMEOUT_MS: String(1_000 * (seconds + 100)) };
      const children = names.map((writer) =>
        otherProcess(environment, "write-rounds-until", "raced", writer, until, String(keys)),
      );
      for (const { exited } of children) expect(await exited).toBe(0);
      expect(await rowsOf("raced")).toBe(keys);
      const texts = await textsOf(
        "raced",
        Array.from({ length: keys }, (_, i) => `k${i}`),
      );
      expect(texts.size).toBe(keys);
      const [text, ...others] = new Set(texts.values());
      const [writer, round] = String(text).split(" ");
      const own = children[names.indexOf(writer ?? "")];
      expect([others, Number(round) >= (numbers(own?.messages ?? [], "acknowledged").at(-1) ?? 0)]).toEqual([
        [],
        true,
      ]);
      const done = children.reduce((sum, { messages }) => sum + numbers(messages, "acknowledged").length, 0);
      task.meta.figures = `${done} writes of ${keys} documents`;
    });

    test(`one after the other for ${seconds} s: each that was acknowledged is in every later strong read`, async ({
      task,
    }) => {
      await make("seen");
      const until = Date.now() + 1_000 * seconds;
      const acknowledged: string[] = [];
      let reads = 0;
      const appending = Promise.all(
        [0, 1, 2].map(async (writer) => {
          const by = lakehouse.open();
          for (let i = 0; Date.now() < until; i++) {
            const documents = [{ doc_id: `${writer}-${i}`, vector: [1, 0, 0, 0], chunk_text: "a" }];
            const request = { index: "seen", mode: "insert" as const, documents, keyed: undefined };
            await writeDocuments(by, request, 30_000);
            acknowledged.push(`${writer}-${i}`);
          }
        }),
      );
      while (Date.now() < until) {
        const before = acknowledged
          .slice(-990)
          .concat(acknowledged[randomInt(acknowledged.length + 1)] ?? []);
        if (before.length > 0) expect((await textsOf("seen", before)).size).toBe(new Set(before).size);
        else await sleep(10);
        reads++;
      }
      await appending;
      expect(await rowsOf("seen")).toBe(acknowledged.length);
      task.meta.figures = `${acknowledged.length} writes, ${reads} reads`;
    });
  });
}
