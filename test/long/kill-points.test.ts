import { describe } from "vitest";
import { describeKillPoints, ways } from "../support/kill-points.ts";

/** All of them take half an hour on two cores. Every n-th: KILL_EVERY, from KILL_FROM. */
const step = Number(process.env["KILL_EVERY"] ?? 1);
const first = Number(process.env["KILL_FROM"] ?? 1);

describe.each(Object.entries(ways))("%s", (name, way) => {
  describeKillPoints(way, name, (writes) =>
    Array.from({ length: Math.ceil((writes - first + 1) / step) }, (_, i) => first + i * step),
  );
});
