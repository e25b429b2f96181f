import { DomainError } from "./errors.ts";
import { kindOf } from "./filter-types.ts";
import type { Column } from "./index-entry.ts";

/** @throws IndexParametersInvalid naming every column that there is not or that no filter takes, and those that fit */
export function refuseUnfilterable(filterColumns: string[], columns: Column[]): void {
  const fit = columns.filter(({ type }) => kindOf(type)).map(({ name }) => name);
  const issues = filterColumns.flatMap((name, i) =>
    fit.includes(name)
      ? []
      : [
          {
            path: `filterColumns[${i}]`,
            message: `"${name}" cannot be filtered by; these can: ${fit.join(", ")}`,
          },
        ],
  );
  if (issues.length === 0) return;
  const detail = issues.map(({ path, message }) => `${path}: ${message}`).join("; ");
  throw new DomainError("IndexParametersInvalid", detail, { issues });
}
