/** What a later release has added. */
export const later = "of a later release";

/** With a field more in each object, however deep. */
export function withMore(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withMore);
  if (typeof value !== "object" || value === null) return value;
  return { ...Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withMore(one)])), later };
}

export const countLater = (value: unknown) => JSON.stringify(value).split(later).length - 1;
