import type { Issue } from "../errors.ts";
import { listed } from "../listed.ts";
import type { TextIndex } from "./full-text.ts";

/** A full-text column as far as a query has to know it. */
export type SearchedColumn = Pick<TextIndex, "column" | "positions" | "stem" | "tokenizer">;

/** What is wrong with a column that is named. */
export function columnIssues(name: string, path: string, columns: SearchedColumn[]): Issue[] {
  const known = columns.map(({ column }) => column);
  return known.includes(name) ? [] : [{ path, message: `has no full text; there is: ${listed(known)}` }];
}

/** What is wrong with columns whose words are looked for by their beginnings: those that are named, or else all. */
export function beginningIssues(
  named: string[] | undefined,
  path: string,
  columns: SearchedColumn[],
): Issue[] {
  const those = named?.map((name, i) => ({ name, at: `${path}.columns[${i}]` }));
  const searched = those ?? columns.map(({ column: name }) => ({ name, at: `${path}.columns` }));
  return searched.flatMap(({ name, at }) => {
    const known = columns.find(({ column }) => column === name);
    return known ? prefixIssues(known, at) : columnIssues(name, at, columns);
  });
}

/** Why the words of a column are not found by their beginnings. */
function prefixIssues({ column, stem, tokenizer }: SearchedColumn, path: string): Issue[] {
  if (tokenizer === "ngram")
    return [
      { path, message: `"${column}" is cut into pieces (ngram), of which a match finds any part of a word` },
    ];
  if (!stem) return [];
  const message = `"${column}" is searched by stems, which hide how its words end; name columns whose fullText says stem: false, which a build-index job makes`;
  return [{ path, message }];
}
