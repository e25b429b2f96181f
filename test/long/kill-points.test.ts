import { describe } from "vitest";
import { describeKillPoints, ways } from "../support/kill-points.ts";

describe.each(Object.entries(ways))("%s", (name, way) => {
  describeKillPoints(way, name, (requests) => Array.from({ length: requests }, (_, i) => i + 1));
});
