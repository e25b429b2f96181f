import { limits } from "../config/limits.ts";

/** Names in a message: the first of them, and how many there are beside these. An input may have 100,000 columns. */
export function listed(names: readonly string[]): string {
  const shown = names
    .slice(0, limits.maxListedNames)
    .map((name) => clipped(name, limits.maxListedNameLength));
  const left = names.length - shown.length;
  return `${shown.join(", ")}${left > 0 ? ` and ${left} more` : ""}`;
}

/** The start of a text, marked as such where it is longer. */
export function clipped(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 3).toWellFormed()}...` : text;
}
