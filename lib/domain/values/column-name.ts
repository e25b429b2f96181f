import { limits } from "../../config/limits.ts";

/** Names LanceDB gives to columns of its own, and those of our hits. */
const reservedNames = new Set([
  "_distance",
  "_rowid",
  "_rowaddr",
  "_rowoffset",
  "_row_created_at_version",
  "_row_last_updated_at_version",
  "_score",
  "_relevance_score",
  "distance",
  "score",
]);
/** Of the columns that say where a row came from, while it is loaded and counted. */
const originNames = /^_(origin|sealed_.*)$/i;

/** Why a table of ours cannot have a column of this name. @returns undefined where it can */
export function unfitName(name: string, idColumn: string): string | undefined {
  if (reservedNames.has(name.toLowerCase()) || originNames.test(name))
    return "the name is reserved; rename the column";
  // every hit and document carries its id under this name
  if (name === "doc_id" && idColumn !== name)
    return `the name is reserved for the id, which is ${idColumn}; rename the column`;
  // LanceDB reads a dot as a path into a struct and cannot quote a backtick
  if (/[`.\p{Cc}]/u.test(name) || name === "")
    return "a column name may not be empty or hold . ` or control characters";
  // LanceDB reads it as all columns
  if (name === "*") return "the name stands for all columns; rename the column";
  return name.length > limits.maxColumnNameLength
    ? `the name has ${name.length} characters, at most ${limits.maxColumnNameLength}`
    : undefined;
}
