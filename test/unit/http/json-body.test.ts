import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "../../../lib/config/limits.ts";
import type { DomainError } from "../../../lib/domain/errors.ts";
import { jsonBody } from "../../../lib/http/json-body.ts";

const lines = "application/x-ndjson";

async function parsed(
  body: string | undefined,
  type: string | undefined,
  linesOf?: string,
): Promise<unknown> {
  const event = { body, headers: { "content-type": type } };
  await jsonBody(linesOf).before?.({ event, internal: {} } as never);
  return event.body;
}

const refusalOf = (body: string, type = lines) =>
  parsed(body, type, "documents").then(
    () => undefined,
    (error: DomainError) => error,
  );

test("JSON is JSON, whether lines are taken or not", async () => {
  for (const linesOf of [undefined, "documents"])
    expect(await parsed('{"a":1}', "application/json", linesOf)).toEqual({ a: 1 });
});

test.each([lines, "application/ndjson", "Application/X-NDJSON; charset=utf-8"])(
  "a value a line, by %s, is an object that holds them",
  async (type) => {
    const body = '{"a":1}\r\n\n  {"b":"\\n"}  \n';
    expect(await parsed(body, type, "documents")).toEqual({ documents: [{ a: 1 }, { b: "\n" }] });
  },
);

test("no lines are no values", async () => {
  for (const body of ["", undefined, "\n \n"])
    expect(await parsed(body, lines, "documents")).toEqual({ documents: [] });
});

test("where no lines are taken, they are a media type that is not known", async () => {
  await expect(parsed('{"a":1}\n', lines)).rejects.toMatchObject({ statusCode: 415 });
  expect(await refusalOf('{"a":1}\n', "application/x-ndjsonish")).toMatchObject({ statusCode: 415 });
});

test("a line that is no JSON is named by its number, empty ones counted, and not shown", async () => {
  const refused = await refusalOf('{"a":1}\n\n{"secret":\n');
  expect(refused).toMatchObject({ kind: "InvalidJson", message: expect.stringContaining("line 3") });
  expect(refused?.message).not.toContain("secret");
});

test("so many lines and no more", async () => {
  const most = "1\n".repeat(limits.maxDocuments);
  expect(await refusalOf(most)).toBeUndefined();
  expect((await refusalOf(`${most}\n1`))?.issues).toEqual([
    { path: "body", message: `has ${limits.maxDocuments + 1} lines, at most ${limits.maxDocuments}` },
  ]);
});

test("values are read from lines as they were written", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.jsonValue()), async (values) => {
      const text = values.map((value) => JSON.stringify(value)).join("\n");
      const read = JSON.parse(JSON.stringify(values));
      expect(await parsed(text, lines, "documents")).toEqual({ documents: read });
    }),
  );
});
