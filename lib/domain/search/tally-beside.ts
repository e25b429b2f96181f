import type { FacetRequest } from "./facets.ts";
import type { Reader, Tally, TallyQuery } from "./reader.ts";

/** Counts that a request asks for beside its rows. */
export interface TallyFields {
  count?: boolean | undefined;
  facets?: FacetRequest[] | undefined;
}

/** The query that tells them, without its time; undefined where none are asked for. */
export const tallyQueryOf = (
  { count, facets }: TallyFields,
  more: Pick<TallyQuery, "version" | "filter" | "text" | "signal">,
): Omit<TallyQuery, "timeoutMs"> | undefined =>
  count || facets ? { ...more, facets: facets ?? [] } : undefined;

/** Those of the counts that were asked for. */
export const talliedOf = ({ count, facets }: TallyFields, tally: Tally | undefined) => ({
  ...(tally && count ? { count: tally.count } : {}),
  ...(tally && facets ? { facets: tally.facets } : {}),
});

/**
 * Reads, and counts meanwhile: what both tell is of one version. Where the table moved on between them it is counted again.
 * @param left of the request's time, in ms
 * @param versionOf what was read
 */
export async function withTally<T>(
  reader: Reader,
  asked: Omit<TallyQuery, "timeoutMs"> | undefined,
  left: () => number,
  read: () => Promise<T>,
  versionOf: (answer: T) => number,
): Promise<{ answer: T; tally?: Tally }> {
  if (!asked) return { answer: await read() };
  const [answer, tally] = await Promise.all([read(), reader.tally({ ...asked, timeoutMs: left() })]);
  const version = versionOf(answer);
  if (tally.version === version) return { answer, tally };
  return { answer, tally: await reader.tally({ ...asked, version, timeoutMs: left() }) };
}
