const highest = 18446744073709551615n;

/** Counts down from 2^64 - 1 (Lance's V2 naming), so that the newest lists first. */
export function manifestName(version: number): string {
  return `${highest - BigInt(version)}.manifest`;
}

/** @returns undefined for a name of another kind */
export function versionNamed(name: string): number | undefined {
  const [, left] = /^(\d{20})\.manifest$/.exec(name) ?? [];
  const version = left === undefined ? undefined : Number(highest - BigInt(left));
  return version !== undefined && version >= 0 && Number.isSafeInteger(version) ? version : undefined;
}

/** @param folder of the table, ending with `/` */
export const manifestKey = (folder: string, version: number) => `${folder}_versions/${manifestName(version)}`;
