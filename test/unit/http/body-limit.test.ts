import fc from "fast-check";
import { expect, test } from "vitest";
import { limits } from "../../../lib/config/limits.ts";
import type { DomainError } from "../../../lib/domain/errors.ts";
import { bodyLimit } from "../../../lib/http/body-limit.ts";
import type { HttpEvent } from "../../../lib/http/http-handler.ts";
import { refuseUnboundedJson } from "../../../lib/http/json-bounds.ts";

function refusalOf(work: () => void): DomainError | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error as DomainError;
  }
}

const limited = (maxBytes: number, event: Partial<HttpEvent>) => {
  const before = bodyLimit(maxBytes).before as (request: { event: Partial<HttpEvent> }) => void;
  return refusalOf(() => before({ event }));
};

test.each([
  [0, "x", /has 1 bytes, and this route takes none/],
  [3, "äöü", /has 6 bytes, at most 3/],
])("at most %d bytes: %j is too large", (maxBytes, body, message) => {
  expect(limited(maxBytes, { body })).toMatchObject({
    kind: "BodyTooLarge",
    message: expect.stringMatching(message),
  });
  const encoded = { body: Buffer.from(body).toString("base64"), isBase64Encoded: true };
  expect(limited(maxBytes, encoded)).toMatchObject({ kind: "BodyTooLarge" });
});

test("no body is none, and what is within the bounds passes, decoded", () => {
  for (const body of [undefined, ""]) expect(limited(0, { body })).toBeUndefined();
  const event = { body: Buffer.from('{"a":"ä"}').toString("base64"), isBase64Encoded: true };
  expect(limited(100, event)).toBeUndefined();
  expect(event).toEqual({ body: '{"a":"ä"}', isBase64Encoded: false });
});

test("a body that is compressed is refused, however small, and one that says that it is not is taken", () => {
  for (const encoding of ["gzip", "br", "zstd", "deflate, gzip", "identity, gzip"])
    expect(limited(100, { headers: { "content-encoding": encoding }, body: "x" })).toMatchObject({
      kind: "UnsupportedMediaType",
      message: expect.stringMatching(/without a content-encoding/),
    });
  expect(limited(100, { headers: { "content-encoding": "Identity" }, body: "{}" })).toBeUndefined();
  expect(limited(0, { headers: { "content-encoding": "gzip" } })).toBeUndefined();
});

test.each([true, false])(
  "a stream's bytes are held as they were sent, told to be encoded: %s",
  (isBase64Encoded) => {
    const bytes = Uint8Array.from({ length: 20 }, (_, i) => 255 - i);
    const headers = { "content-type": "application/vnd.apache.arrow.stream; v=1" };
    const event = { headers, body: Buffer.from(bytes).toString("base64"), isBase64Encoded };
    const limit = (most: number) => bodyLimit(most, undefined, "documents").before?.({ event } as never);
    expect(() => limit(19)).toThrow("20 bytes, at most 19");
    void limit(20);
    expect(event.body).toEqual({ documents: bytes });
  },
);

const depth = limits.maxJsonDepth;

test.each([
  ["brackets without end", "[".repeat(1_000_000), "body"],
  ["objects without end", '{"a":'.repeat(200_000), "body.a"],
  ["a filter", `{"vector":[1,2],"filter":${'{"not":'.repeat(depth)}1`, "body.filter"],
  ["one level too many", `${"[".repeat(depth + 1)}${"]".repeat(depth + 1)}`, "body"],
  ["after a string with quotes and brackets", `{"a\\\\":"\\"[[","b":${"[".repeat(depth)}`, "body.b"],
])("%s: nested too deep, by its field", (_, text, path) => {
  const refused = refusalOf(() => refuseUnboundedJson(text));
  expect(refused?.issues).toEqual([{ path, message: `is nested deeper than ${depth} levels` }]);
});

test("too many values are refused by their field", () => {
  const text = JSON.stringify({ k: 1, select: new Array(limits.maxJsonValues + 1).fill(0) });
  expect(refusalOf(() => refuseUnboundedJson(text))?.issues).toEqual([
    { path: "body.select", message: `holds more than ${limits.maxJsonValues} values` },
  ]);
});

test.each([
  ["its own", (fields: object) => fields, "body"],
  ["a filter's", (fields: object) => ({ vector: [1], filter: fields }), "body.filter"],
])("too many fields are refused before they are parsed: %s", (_, wrap, path) => {
  const fields = Object.fromEntries(Array.from({ length: 130_000 }, (_, i) => [`k${i}`, 1]));
  expect(refusalOf(() => refuseUnboundedJson(JSON.stringify(wrap(fields))))?.issues).toEqual([
    { path, message: `holds more than ${limits.maxJsonFields} fields` },
  ]);
});

test.each([
  ["colons in strings", JSON.stringify({ value: ":".repeat(100_000) })],
  ["the deepest", `${"[".repeat(depth)}${"]".repeat(depth)}`],
  ["brackets in a string", JSON.stringify({ value: '[{\\"'.repeat(200_000) })],
  ["many side by side", JSON.stringify(new Array(10_000).fill([{}]))],
  ["a string without end", `"${"[".repeat(1_000)}`],
  ["a string that ends in an escape", `"${"[".repeat(1_000)}\\`],
])("%s passes", (_, text) => {
  expect(refusalOf(() => refuseUnboundedJson(text))).toBeUndefined();
});

test("JSON passes if and only if it is within the bounds", () => {
  const depthOf = (value: unknown): number =>
    typeof value === "object" && value !== null
      ? 1 + Object.values(value).reduce((most: number, one) => Math.max(most, depthOf(one)), 0)
      : 0;
  const wrapped = fc.tuple(fc.jsonValue({ maxDepth: 5 }), fc.integer({ min: 0, max: depth + 3 }));
  fc.assert(
    fc.property(wrapped, ([value, levels]) => {
      const nested = Array.from({ length: levels }).reduce<unknown>((inner) => [inner], value);
      const isDeep = depthOf(nested) > depth;
      expect(refusalOf(() => refuseUnboundedJson(JSON.stringify(nested))) !== undefined).toBe(isDeep);
    }),
    { numRuns: 300 },
  );
});
