import type { z } from "zod";
import { badRequest } from "../errors.ts";
import type { Publication } from "../index/index-entry.ts";
import { validate } from "../validate.ts";
import { type Filter, filterBoundIssues } from "../values/filter.ts";
import { filterIssues } from "../values/filter-types.ts";

/**
 * A body, of which these fields are filters: their bounds are looked at before anything recursive sees them.
 * @throws BadRequest
 */
export function parseWithFilters<S extends z.ZodType>(schema: S, ...fields: string[]) {
  return (body: object): z.output<S> => {
    const given = new Map(Object.entries(body));
    const issues = fields.flatMap((path) =>
      filterBoundIssues(given.get(path)).map(({ message }) => ({ path, message })),
    );
    if (issues.length > 0) throw badRequest(issues);
    return validate(schema, body, "");
  };
}

/** @param path of the filter in its request @throws BadRequest where it does not fit the columns */
export function fittingFilter(
  { columns }: Pick<Publication, "columns">,
  filter: Filter,
  path = "filter",
): Filter {
  const issues = filterIssues(filter, columns, path);
  if (issues.length > 0) throw badRequest(issues);
  return filter;
}
