import { expect, test } from "vitest";
import { RequestsUnderWay } from "../../../lib/domain/access/requests-under-way.ts";

test("as many requests are under way as may be, of each caller, and another when one has ended", () => {
  const underWay = new RequestsUnderWay();
  const refused = expect.objectContaining({ kind: "TooManyRequests", retryable: true });
  const [first] = [underWay.begin("a", 2), underWay.begin("a", 2)];
  expect(() => underWay.begin("a", 2)).toThrow(refused);
  underWay.begin("b", 1);
  first();
  underWay.begin("a", 2);
  expect(() => underWay.begin("a", 2)).toThrow(refused);
});
