import type { LaterVersions } from "../../lib/adapters/lance/reading/store-table.ts";

/** Of a table that nobody writes to. */
export const neverLater: LaterVersions = { findLater: async () => undefined, follow: async () => false };
