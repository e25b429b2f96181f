import { z } from "zod";
import { limits } from "../../config/limits.ts";
import type { Clock } from "../task-context.ts";
import type { IndexEntry } from "./index-entry.ts";
import type { IndexRegistry } from "./index-registry.ts";

export const retentionDays = z
  .number()
  .positive()
  .max(limits.maxRetentionDays)
  .meta({
    description: `How long a version stays, in days, that a later one has taken the place of; without it ${limits.retentionDays}. Of more than ${limits.keptVersions.toLocaleString("en-US")} the oldest go sooner`,
  });

/** What is left out is as usual. */
export const upkeep = z
  .strictObject({
    rows: z
      .int()
      .min(1)
      .max(limits.maxUnindexedRows)
      .optional()
      .meta({ description: `Written since the index was built; without it ${limits.upkeepRows}` }),
    share: z
      .number()
      .positive()
      .max(1)
      .optional()
      .meta({
        description: `The same, of the rows there are, but at least ${limits.leastUpkeepRows}; without it ${limits.upkeepShare}`,
      }),
    deletedShare: z
      .number()
      .positive()
      .max(1)
      .optional()
      .meta({
        description: `That were deleted or replaced, likewise; without it ${limits.upkeepDeletedShare}`,
      }),
  })
  .refine((asked) => Object.keys(asked).length > 0, "must have rows, share or deletedShare")
  .meta({ description: "From how much that was written on a job takes it in" });

/** What the owner of an index may change of it. */
export const indexChange = z
  .strictObject({
    maxStalenessMs: z.int().min(0).max(limits.maxStalenessMs).nullable().optional().meta({
      description:
        "How old what an eventual search sees may be, in milliseconds. 0: every search looks at the store first. null: as without one, 5 s",
    }),
    retentionDays: retentionDays.nullable().optional(),
    upkeep: upkeep
      .nullable()
      .optional()
      .meta({ description: "null: as usual. It takes the place of what was set before" }),
  })
  .refine((change) => Object.keys(change).length > 0, "must have maxStalenessMs, retentionDays or upkeep")
  .meta({ id: "IndexChange" });
export type IndexChange = z.infer<typeof indexChange>;

/** May be repeated; containers go by it from their next look at the index on. @throws IndexNotFound */
export async function changeIndex(
  { registry, clock }: { registry: IndexRegistry; clock: Clock },
  index: string,
  change: IndexChange,
): Promise<void> {
  const asked = Object.entries(change).map(([name, value]) => [name, value ?? undefined] as const);
  await registry.update(index, (entry) => {
    const isOther = ([name, value]: readonly [string, unknown]) =>
      JSON.stringify(entry[name as keyof IndexChange]) !== JSON.stringify(value);
    const changed: Partial<IndexEntry> = Object.fromEntries(asked.filter(isOther));
    if (!("maxStalenessMs" in changed)) return Object.keys(changed).length > 0 ? changed : undefined;
    return { ...changed, staleUntil: staleUntil(entry, changed.maxStalenessMs, clock.now()) };
  });
}

/** A container that has just looked knows nothing of a shorter window before the one that it saw is over. */
function staleUntil(entry: IndexEntry, asked: number | undefined, now: number): string | undefined {
  const before = entry.maxStalenessMs ?? 0; // what containers go by without one is waited for in any case
  return (asked ?? 0) < before ? laterOf(entry.staleUntil, now + before) : entry.staleUntil;
}

/**
 * Until when containers may serve what is replaced now.
 * @returns undefined where no window of the index's own lets them
 */
export function servedUntil({ maxStalenessMs = 0, staleUntil }: IndexEntry, now: number): string | undefined {
  const until = laterOf(staleUntil, now + maxStalenessMs);
  return Date.parse(until) > now ? until : undefined;
}

function laterOf(before: string | undefined, ms: number): string {
  const at = new Date(ms).toISOString();
  return before !== undefined && before > at ? before : at;
}
