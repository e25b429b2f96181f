interface Locked {
  version?: string;
  integrity?: string;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
}

/**
 * Packages of the lock file that npm would install without comparing their bytes with a hash. Native ones of other
 * platforms may have none (scripts/complete-lock.ts): where one of these is installed, its version alone says what it is.
 * @param packages of the lock file, by path
 */
export function withoutHash(packages: Record<string, Locked>) {
  const open = Object.entries(packages).filter(([path, { integrity }]) => path !== "" && !integrity);
  const named = (entries: typeof open) =>
    entries.map(([path, { version }]) => `${path.replace(/^.*node_modules\//, "")}@${version}`);
  return {
    refused: named(open.filter(([, one]) => !isElsewhere(one))),
    elsewhere: named(open.filter(([, one]) => isElsewhere(one))),
  };
}

/** Nothing that runs on Linux of x64 with glibc, as functions, tests and checks do. */
function isElsewhere({ optional = false, os = [], cpu = [], libc = [] }: Locked): boolean {
  const isOther = (found: string[], own: string) => found.length > 0 && !found.includes(own);
  return optional && (isOther(os, "linux") || isOther(cpu, "x64") || isOther(libc, "glibc"));
}
