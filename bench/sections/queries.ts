import { ms, type Section, tableOf, times } from "./section.ts";

/** What 64 queries at once take, beside one. */
export const queries: Section<"queries"> = {
  title: "64 queries at once",
  measure: () => Promise.reject(new Error("this is measured by node bench/many-queries.ts")),
  markdown: ({ one, many, load }) => {
    const table = tableOf(
      ["p50", "time", "of one"],
      [
        ["one query", ms(one), ""],
        ["64 at once", ms(many), times(many / one)],
      ],
    );
    return `IVF_RQ, rows in memory, a local folder, in turn. Load of the machine at the end: ${load.toFixed(1)}.\n\n${table}`;
  },
};
