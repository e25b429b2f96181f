import type { SearchedWays } from "./results.ts";
import { times } from "./sections/section.ts";
import { toSlower } from "./sections/text.ts";
import type { Sections, Target } from "./target.ts";

const places = [
  ["on MinIO", "near"],
  ["with S3's latency", "far"],
] as const;
const moments = [
  ["warm p50", "p50"],
  ["first of a container", "cold"],
] as const;

/** Both legs beside each other take little more than the slower one; many queries share what they have in common. */
export const textTargets: Omit<Target, "report">[] = [
  ...places.flatMap(([where, place]) =>
    moments.map(([when, of]) => ({
      name: `hybrid ${where}, ${when}, of the slower leg's`,
      bound: { most: 1.3 },
      shown: times,
      measured: ({ text }: Sections) => {
        const found: SearchedWays | undefined = text?.figures[place];
        return found && toSlower(found, of);
      },
    })),
  ),
  {
    name: "64 queries at once, of one query's time",
    bound: { most: 12 },
    shown: times,
    measured: ({ queries }: Sections) => queries && queries.figures.many / queries.figures.one,
  },
];
