import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const project = resolve(import.meta.dirname, "../..");
/** Of a question to the registry. */
const deadlineMs = 20_000;

export interface KnownAdvisory {
  id: string;
  package: string;
  /** As npm writes ranges. */
  vulnerable: string;
  /** The range was read in the record of GitHub's Advisory Database, in a copy of it, or where others quote it. */
  read: "record" | "copy" | "quoted";
  title: string;
}

/** What is written down of advisories (known-advisories.json), and when each of them was read last. */
export interface WrittenDown {
  readOn: string;
  advisories: KnownAdvisory[];
}

/** What the list can tell and what it cannot, for who reads the log. */
export function told({ readOn, advisories }: WrittenDown, found: string[]): string {
  const packages = new Set(advisories.map((one) => one.package)).size;
  const counted = (read: KnownAdvisory["read"]) => advisories.filter((one) => one.read === read).length;
  const sources = `${counted("record")} in their records, ${counted("copy")} in copies of these, ${counted("quoted")} as others quote them`;
  return `advisories that are written down: ${advisories.length} of ${packages} packages, read on ${readOn} (${sources}), ${found.length} found; of later ones and of other packages they tell nothing`;
}

/** What became of asking: what was found, or why nobody knows. */
export type Asked = { found: string[] } | { unreachable: string };

type Locked = Record<string, { version?: string; name?: string }>;

/**
 * Packages of the lock file that an advisory written down here is about. It is a floor, which holds without any network.
 * @param packages of the lock file, by path
 */
export function knownIn(packages: Locked, advisories: KnownAdvisory[]): string[] {
  const { satisfies } = createRequire(import.meta.url)("semver") as {
    satisfies(version: string, range: string): boolean;
  };
  return Object.entries(packages).flatMap(([path, { version = "", name }]) => {
    const is = name ?? path.replace(/^.*node_modules\//, "");
    const hits = advisories.filter((one) => one.package === is && satisfies(version, one.vulnerable));
    return hits.map(({ id, title }) => `${is}@${version}: ${title} (${id})`);
  });
}

interface Report {
  vulnerabilities?: Record<string, { severity: string; range: string }>;
}

/** Asks the registry for advisories of what production needs. */
export async function askedOfProduction(): Promise<Asked> {
  const { stdout, failed } = await npm([...audit, "--omit", "dev"]);
  return readAudit(stdout) ?? { unreachable: failed };
}

/** Asks for those of everything that matter most. */
export async function askedOfAll(): Promise<Asked> {
  const { stdout, failed } = await npm(audit);
  return readAudit(stdout, ["high", "critical"]) ?? { unreachable: failed };
}

const audit = ["audit", "--json", "--package-lock-only"];

/** @param severities without them, all. @returns undefined where it is no report */
export function readAudit(stdout: string, severities?: string[]): Asked | undefined {
  try {
    const { vulnerabilities } = JSON.parse(stdout) as Report;
    if (!vulnerabilities) return undefined;
    const all = Object.entries(vulnerabilities);
    const found = all.filter(([, { severity }]) => severities?.includes(severity) ?? true);
    return { found: found.map(([name, { severity, range }]) => `${name} ${range}: ${severity}`) };
  } catch {
    return undefined;
  }
}

/** Asks whether what is installed is what was signed. */
export async function askedSignatures(): Promise<Asked> {
  const { stdout, failed } = await npm(["audit", "signatures", "--json"]);
  return readSignatures(stdout) ?? { unreachable: failed };
}

/** @returns undefined where it is no report */
export function readSignatures(stdout: string): Asked | undefined {
  try {
    const { invalid } = JSON.parse(stdout) as { invalid?: { name: string; version: string }[] };
    return (
      invalid && { found: invalid.map(({ name, version }) => `${name}@${version}: its signature is wrong`) }
    );
  } catch {
    return undefined;
  }
}

/** It exits with 1 both for what it found and for what it could not ask. */
function npm(args: string[]): Promise<{ stdout: string; failed: string }> {
  const options = {
    cwd: project,
    timeout: deadlineMs,
    maxBuffer: 64 * 1_048_576,
    killSignal: "SIGKILL" as const,
  };
  return new Promise((resolve) => {
    execFile("npm", [...args, "--fetch-retries", "0"], options, (error, stdout) =>
      resolve({ stdout, failed: error?.killed ? `no answer in ${deadlineMs} ms` : reasonIn(stdout) }),
    );
  });
}

/** Why npm could not ask, without addresses. */
export function reasonIn(stdout: string): string {
  try {
    const { message, error } = JSON.parse(stdout) as { message?: string; error?: { summary?: string } };
    return (message ?? error?.summary ?? "").replace(/( - \w+| to)? https?:\S+/g, "") || "no reason is told";
  } catch {
    return "it answered nothing";
  }
}
