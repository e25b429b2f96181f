import fc from "fast-check";

/** What may stand anywhere in a request that means harm, or knows no better. */
const hostile = fc.constantFrom(
  "__proto__",
  "constructor",
  "../../etc/passwd",
  "%2e%2e%2f",
  "\0",
  "\ud800",
  "' OR 1=1 --",
  "`",
  "a\r\nx: y",
  "{{7*7}}",
  "1e999",
  "",
);
export const text = fc.oneof(
  hostile,
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.constantFrom("rows", "d1", "doc_id"),
);
const keys = fc.oneof(
  hostile,
  fc.constantFrom(
    "vector",
    "k",
    "filter",
    "select",
    "op",
    "column",
    "value",
    "type",
    "index",
    "source",
    "limit",
  ),
);
export const json = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.double(),
    fc.constantFrom(0, -0, -1, 1e39, 2 ** 53, null, true),
    fc.array(tie("any"), { maxLength: 4 }),
    fc.dictionary(keys, tie("any"), { maxKeys: 5, noNullPrototype: true }),
  ),
})).any;

/** Now and then anything in its place. */
export const mostly = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof<fc.MaybeWeightedArbitrary<unknown>[]>({ weight: 6, arbitrary }, { weight: 1, arbitrary: json });
