import { z } from "zod";
import type { GenerationRef } from "./index-entry.ts";

/** What a commit did to a table. */
export const versionOperation = z.enum([
  ...["create", "append", "update", "delete", "restore"],
  ...["index", "compact", "columns", "settings", "other"],
] as const);
export type VersionOperation = z.infer<typeof versionOperation>;

/** What a version of a table says of itself; null where it does not, or not in a way that is known here. */
export interface StoredVersion {
  version: number;
  at: string | null;
  operation: VersionOperation | null;
  /** That it made the newest again. */
  restored: number | null;
  rows: number | null;
  /** Of its data files, of which other versions have some, too. */
  bytes: number | null;
}

/** A version that there is, with how long what it says of itself is. */
export interface NumberedVersion {
  version: number;
  bytes: number;
}

/** The versions of generations' tables. */
export interface StoredVersions {
  /** The newest first; none where there is no table. @throws TableNotKnown */
  numbers(ref: GenerationRef): Promise<NumberedVersion[]>;
  /** Those of them that have not gone meanwhile. */
  told(ref: GenerationRef, versions: number[]): Promise<StoredVersion[]>;
}
