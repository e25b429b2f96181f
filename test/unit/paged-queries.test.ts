import { expect, test } from "vitest";
import { parseSearchBody } from "../../lib/domain/search/queries-request.ts";

test("pages are of one query: many at once are refused by each offset and cursor", () => {
  const queries = [{ vector: [1], offset: 1 }, { vector: [1] }, { vector: [1], cursor: "x" }];
  const refused = () => parseSearchBody({ queries, offset: 2 });
  expect(refused).toThrow(/3 problems: offset: .*queries\[0\]\.offset: .*queries\[2\]\.cursor: /);
  expect(parseSearchBody({ queries: [{ vector: [1] }], count: true })).toMatchObject({
    queries: [{ count: true }],
  });
});
