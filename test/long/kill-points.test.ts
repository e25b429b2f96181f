import { describe } from "vitest";
import { describeKillPoints, ways } from "../support/kill-points.ts";

/** All of them take an hour on two cores; every n-th: KILL_EVERY. */
const step = Number(process.env["KILL_EVERY"] ?? 1);

describe.each(Object.entries(ways))("%s", (name, way) => {
  describeKillPoints(way, name, (requests) =>
    Array.from({ length: Math.floor(requests / step) }, (_, i) => 1 + i * step),
  );
});
