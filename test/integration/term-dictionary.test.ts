import { globSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Connection, connect, Index } from "@lancedb/lancedb";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FstWords } from "../../lib/adapters/lance/files/fst.ts";
import { termDictionary } from "../../lib/adapters/lance/files/term-dictionary.ts";

/** Words of text indexes that LanceDB has built, as it keeps them. */
let folder: string;
let db: Connection;
let tables = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "term-dictionary-"));
  db = await connect(folder);
});

afterAll(async () => {
  db.close();
  await rm(folder, { recursive: true, force: true });
});

/** The dictionaries of an index on texts, which are cut at white space alone. */
async function filesOf(texts: string[], more: string[] = []): Promise<Uint8Array[]> {
  const name = `t${tables++}`;
  const table = await db.createTable(
    name,
    texts.map((text) => ({ text })),
  );
  const asWritten = { stem: false, removeStopWords: false, asciiFolding: false, lowercase: false };
  const config = Index.fts({ ...asWritten, baseTokenizer: "whitespace", withPosition: false });
  await table.createIndex("text", { config });
  if (more.length > 0) {
    await table.add(more.map((text) => ({ text })));
    await table.optimize();
  }
  const last = ((await table.listIndices())[0] as { name: string }).name;
  expect(last).toBe("text_idx");
  table.close();
  return globSync(join(folder, `${name}.lance/_indices/*/part_*_tokens.lance`)).map((path) =>
    readFileSync(path),
  );
}

const byLength = (words: Iterable<string>) =>
  [...new Set(words)]
    .map((word) => Buffer.from(word))
    .sort((a, b) => a.length - b.length || Buffer.compare(a, b))
    .map(String);

const word = fc.oneof(
  fc.string({ minLength: 1, maxLength: 8 }),
  fc.string({ minLength: 1, maxLength: 6, unit: fc.constantFrom(..."aab0é教б😀~Z") }),
  fc.string({ minLength: 1, maxLength: 3, unit: "binary" }),
);
const someWords = fc
  .array(word, { minLength: 1, maxLength: 300 })
  .map((words) =>
    words
      .map((one) => one.toWellFormed().replace(/[\s\u0085\ufeff\0]/gu, "x"))
      .filter((one) => Buffer.byteLength(one) <= 40),
  );

test("all words of an index are read, by any beginning, the shortest first", async () => {
  await fc.assert(
    fc.asyncProperty(someWords, fc.nat(), fc.nat(3), async (words, which, letters) => {
      fc.pre(words.length > 0);
      const [file] = await filesOf(words);
      const dictionary = await termDictionary(file as Uint8Array);
      expect(dictionary.beginningWith("", 1_000, 100_000)).toEqual(byLength(words));
      const beginning = [...(words[which % words.length] as string)].slice(0, letters + 1).join("");
      const begun = byLength(words.filter((one) => one.startsWith(beginning)));
      expect(dictionary.beginningWith(beginning, 1_000, 100_000)).toEqual(begun);
      expect(dictionary.beginningWith(beginning, 2, 100_000)).toEqual(begun.slice(0, 2));
      expect(dictionary.beginningWith(`${beginning}\n`, 2, 100_000)).toEqual([]);
    }),
    { numRuns: 25 },
  );
}, 120_000);

test("a node may lead on by more than 32 bytes, words be many, and an index have several parts", async () => {
  const letters = Array.from({ length: 120 }, (_, i) =>
    String.fromCodePoint(0x21 + (i % 94), 0x61 + (i % 26)),
  );
  const words = Array.from({ length: 20_000 }, (_, i) => `${letters[i % 120]}${(i * 7_919).toString(36)}`);
  const files = await filesOf([words.join(" "), ...letters], ["later words", "and others"]);
  const all = await Promise.all(files.map(termDictionary));
  const read = all.flatMap((one) => one.beginningWith("", 100_000, 1_000_000));
  expect(byLength(read)).toEqual(byLength([...words, ...letters, "later", "words", "and", "others"]));
  expect(() => all[0]?.beginningWith("", 100_000, 1_000)).toThrow();
}, 60_000);

test("bytes of none are refused, and others never lead on without end", async () => {
  const [file] = await filesOf(["some words that are here", "somewhere else"]);
  const whole = new Uint8Array(file as Uint8Array);
  await expect(termDictionary(whole.subarray(0, 100))).rejects.toThrow();
  await expect(
    termDictionary(readFileSync(globSync(join(folder, "*.lance/data/*.lance"))[0] as string)),
  ).rejects.toThrow(/dictionary/);
  expect(() => new FstWords(new Uint8Array(40))).toThrow(/version 0/);
  expect(() => new FstWords(new Uint8Array(3))).toThrow(/cut off/);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 6 }),
      async (changes) => {
        const other = whole.slice();
        for (const [at, byte] of changes) other[at] = byte;
        const read = await termDictionary(other).then(
          (words) => {
            try {
              return words.beginningWith("s", 100, 10_000);
            } catch (error) {
              return error;
            }
          },
          (error) => error,
        );
        expect(Array.isArray(read) ? read.length <= 100 : read instanceof Error).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
}, 60_000);
