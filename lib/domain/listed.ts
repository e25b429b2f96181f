import { limits } from "../config/limits.ts";

/** Names in a message: the first of them, and how many there are beside these. An input may have 100,000 columns. */
export function listed(names: readonly string[], length: number = limits.maxListedNameLength): string {
  const shown = names.slice(0, limits.maxListedNames).map((name) => clipped(visible(name), length));
  const left = names.length - shown.length;
  return `${shown.join(", ")}${left > 0 ? ` and ${left} more` : ""}`;
}

/** The start of a text, marked as such where it is longer. */
export function clipped(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 3).toWellFormed()}...` : text;
}

/** Characters that nobody sees as JSON escapes: a name may differ by one of them alone from what was meant. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) =>
    character.split("").map(escaped).join(""),
  );
}

const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
