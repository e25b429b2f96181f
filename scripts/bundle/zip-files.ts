import { type Zippable, zipSync } from "fflate";

/** Of every file: a zip of the same files has the same bytes. Zip holds local time, and this is its first day. */
const mtime = new Date(1980, 0, 1);
const unix = 3;
const readableByAll = 0o100644 << 16;

/** A zip whose bytes depend on nothing but the files' names and contents. @param level of compression, up to 9 */
export function zipFiles(files: ReadonlyMap<string, Uint8Array>, level: 6 | 9 = 9): Uint8Array {
  const sorted = [...files].sort(([a], [b]) => (a < b ? -1 : 1));
  const entries = sorted.map(([name, bytes]) => [
    name,
    [bytes, { level, mtime, os: unix, attrs: readableByAll }],
  ]);
  return zipSync(Object.fromEntries(entries) as Zippable);
}
