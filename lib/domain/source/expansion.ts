import { limits } from "../../config/limits.ts";
import { invalidSource, type SourceFile } from "./source-layout.ts";

/**
 * Refuses a source that is small as it is stored and huge as it is loaded, before anything is: a kilobyte can hold a
 * million equal vectors and numbered ids, and loading them writes gigabytes. What somebody means can be written plainly.
 * @param source as it was named
 * @throws SourceInvalid
 */
export function refuseInflated(source: string, files: SourceFile[], dimension: number): void {
  const stored = files.reduce((sum, { footer }) => sum + footer.bytes, 0);
  const groups = files.flatMap(({ footer }) => footer.rowGroups);
  const loaded = groups.reduce(
    (sum, { rows, bytes, moreBytes = 0 }) => sum + Math.max(bytes + moreBytes, rows * 4 * dimension),
    0,
  );
  if (loaded <= Math.max(limits.freeLoadedBytes, limits.maxExpansion * stored)) return;
  const what = `holds ${stored} bytes that would be ${loaded} when they are loaded`;
  const instead = "if that is meant, write it without dictionaries and compression";
  throw invalidSource(source, `${what}, more than ${limits.maxExpansion} times as many; ${instead}`);
}
