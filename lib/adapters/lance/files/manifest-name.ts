/** Counts down from 2^64 - 1 (Lance's V2 naming), so that the newest lists first. */
export function manifestName(version: number): string {
  return `${18446744073709551615n - BigInt(version)}.manifest`;
}

/** @param folder of the table, ending with `/` */
export const manifestKey = (folder: string, version: number) => `${folder}_versions/${manifestName(version)}`;
