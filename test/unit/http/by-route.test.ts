import { expect, test } from "vitest";
import { byRoute } from "../../../lib/http/by-route.ts";
import { searchingOperations } from "../../../lib/http/operations/searching.ts";

test("a route is taken by its own handler, under the number of a search function, too", async () => {
  const handler = byRoute(async () => "search", [[searchingOperations.warmIndex, async () => "warm"]]);
  const by = (routeKey: string | undefined) => handler({ routeKey } as never, {} as never);
  expect(await by("POST /indexes/{index}/warm")).toBe("warm");
  expect(await by("POST /shards/31/indexes/{index}/warm")).toBe("warm");
  expect(await by("POST /shards/31/indexes/{index}/search")).toBe("search");
  expect(await by("POST /shards/x/indexes/{index}/warm")).toBe("search");
  expect(await by(undefined)).toBe("search");
});
