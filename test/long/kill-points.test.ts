import { describe } from "vitest";
import { describeKillPoints, type LastWrite, ways } from "../support/kill-points.ts";

/** All of them take an hour on two cores. Every n-th: KILL_EVERY, from KILL_FROM. */
const step = Number(process.env["KILL_EVERY"] ?? 1);
const first = Number(process.env["KILL_FROM"] ?? 1);
const pointsOf = (writes: number) =>
  Array.from({ length: Math.ceil((writes - first + 1) / step) }, (_, i) => first + i * step);

describe.each<LastWrite>(["lost", "late"])("the last write is %s", (last) => {
  describe.each(Object.entries(ways))("%s", (name, way) => describeKillPoints(way, name, pointsOf, last));
});
