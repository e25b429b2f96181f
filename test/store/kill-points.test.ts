import { describe } from "vitest";
import { describeKillPoints, ways } from "../support/kill-points.ts";

/** Some of test/long's. */
describe.each(Object.entries(ways))("%s", (name, way) => {
  describeKillPoints(way, name, (requests) => [0.3, 0.75, 0.97].map((share) => Math.round(share * requests)));
});
