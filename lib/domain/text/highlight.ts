import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { columnName } from "../names.ts";

/** What a search asks to be shown of the texts that its words are found in. */
const asked = z.strictObject({
  columns: z.array(columnName).min(1).max(limits.maxTextColumns).optional().meta({
    description: "Of those that the text is looked for in; all of these without it",
  }),
  fragments: z
    .int()
    .min(1)
    .max(limits.maxHighlightFragments)
    .default(limits.defaultHighlightFragments)
    .meta({ description: "Of a column of a hit, at most: those with most of the words" }),
  fragmentLength: z
    .int()
    .min(limits.minFragmentLength)
    .max(limits.maxFragmentLength)
    .default(limits.defaultFragmentLength)
    .meta({ description: "UTF-16 code units of a fragment, at most" }),
});
export type Highlighting = z.output<typeof asked>;

/** As a request asks for it: `true` is all that may be left out. */
export const highlight = z.union([z.boolean(), asked]).meta({
  id: "Highlight",
  description:
    "Fragments of the texts with the places of the words that were found in them; for searches by text. true: of all columns that the text is looked for in",
  example: { fragments: 2, fragmentLength: 100 },
});

/** What is asked for, or undefined. */
export const highlightingOf = (told: z.output<typeof highlight> | undefined): Highlighting | undefined =>
  told === true ? asked.parse({}) : told || undefined;

const place = z.int().min(0);

export const fragment = z.strictObject({
  text: z.string(),
  start: place.meta({ description: "Where it begins in the stored text, in UTF-16 code units" }),
  matches: z
    .array(z.strictObject({ start: place, end: place }))
    .meta({ description: "From start up to, not including, end, in UTF-16 code units of the fragment" }),
});
export type Fragment = z.output<typeof fragment>;

/** Of a hit: its columns in which words were found. */
export const highlights = z
  .array(
    z.strictObject({
      column: z.string(),
      fragments: z.array(fragment),
      truncated: z
        .literal(true)
        .optional()
        .meta({ description: "The text is longer than what was looked at, from its beginning" }),
    }),
  )
  .meta({ id: "Highlights" });
export type Highlights = z.output<typeof highlights>;
