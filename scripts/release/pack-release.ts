import { execFileSync } from "node:child_process";
import { brotliCompressSync, constants } from "node:zlib";

/** All that a release needs to serve: its code, its routes, what its packages are. */
const parts = [
  "lib",
  "functions",
  "statemachines",
  "scripts/keys.ts",
  "serverless.yml",
  "package.json",
  "package-lock.json",
];

export interface PackedRelease {
  version: string;
  commit: string;
  bytes: Buffer;
}

/** @param ref of git, in a clone that has it @throws where that has no such commit */
export function packRelease(ref: string): PackedRelease {
  const commit = git("rev-parse", "--verify", `${ref}^{commit}`).toString().trim();
  const { version } = JSON.parse(git("show", `${commit}:package.json`).toString()) as { version: string };
  const there = git("ls-tree", "--name-only", commit, "--", ...parts)
    .toString()
    .trim()
    .split("\n");
  const tar = git("archive", "--format=tar", commit, "--", ...there);
  return { version, commit, bytes: brotliCompressSync(tar, { params: densest(tar.length) }) };
}

const git = (...args: string[]) => execFileSync("git", args, { maxBuffer: 1 << 28 });

const densest = (bytes: number) => ({
  [constants.BROTLI_PARAM_SIZE_HINT]: bytes,
  [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
});
