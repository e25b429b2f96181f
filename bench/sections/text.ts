import type { SearchedWays } from "../results.ts";
import { ms, type Section, tableOf, times } from "./section.ts";

const ways = ["vector", "text", "hybrid"] as const;

/** What searches by vector, by text and by both take. */
export const text: Section<"text"> = {
  title: "By text, and by both",
  measure: () => Promise.reject(new Error("this is measured by node bench/text.ts")),
  markdown: ({ near, far, load }) => {
    const table = tableOf(
      ["", "first of a container, median", "warm p50", "warm p99"],
      [...linesOf("MinIO", near), ...linesOf("with S3's latency", far)],
    );
    return `${how} Load of the machine at the end: ${load.toFixed(1)}.\n\n${table}`;
  },
};

const how =
  "Texts of 30 words, drawn by Zipf's law from 10,000; queries of 3 words, drawn alike; 50 candidates of each leg. The first search of a container opens the index; its process runs already. 200 of each way in turn.";

const linesOf = (where: string, found: SearchedWays) => [
  ...ways.map((way) => [`${where}, ${way}`, ms(found[way].cold), ms(found[way].p50), ms(found[way].p99)]),
  [`${where}, hybrid of the slower leg's`, times(toSlower(found, "cold")), times(toSlower(found, "p50")), ""],
];

/** What both legs take, of the slower one's time. */
export const toSlower = ({ vector, text: words, hybrid }: SearchedWays, of: "cold" | "p50") =>
  hybrid[of] / Math.max(vector[of], words[of]);
