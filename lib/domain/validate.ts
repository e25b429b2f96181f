import { z } from "zod";
import { limits } from "../config/limits.ts";
import { badRequest, type Issue } from "./errors.ts";
import { clipped } from "./listed.ts";

/** The path of a problem that is of no field. */
export const wholeInput = "(root)";

/** The problems zod found, each with its path written as in the input: `filter.filters[3].column`. */
export function issuesOf(error: z.ZodError, root = ""): Issue[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((key) => ({
        path: pathOf(root, [...issue.path, key]),
        message: "unknown field",
      }));
    const inner = issue.code === "invalid_union" ? likeliest(issue.errors) : undefined;
    if (inner) return inner.flatMap((one) => issuesOf(new z.ZodError([one]), pathOf(root, issue.path)));
    return [{ path: pathOf(root, issue.path) || wholeInput, message: issue.message }];
  });
}

/** What is wrong with the input by the one form of several that it has at its root. */
const likeliest = (errors: z.core.$ZodIssue[][]) =>
  errors.find((issues) => issues.every(({ path, code }) => path.length > 0 || code === "unrecognized_keys"));

function pathOf(root: string, path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text ? `${text}.${clip(String(part))}` : clip(String(part));
  }, root);
}

/** A key is the caller's text: it is echoed only so far. */
const clip = (text: string) => clipped(text, limits.maxListedNameLength);

/**
 * Parses at the edge, every problem at once.
 * @throws BadRequest with one issue per problem, prefixed with `root`
 */
export function validate<S extends z.ZodType>(schema: S, input: unknown, root: string): z.output<S> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw badRequest(issuesOf(parsed.error, root));
}
