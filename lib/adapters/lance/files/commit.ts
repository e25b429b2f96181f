import type { PbfReader } from "pbf";
import type { VersionOperation } from "../../../domain/index/stored-versions.ts";
import { messageAt } from "./manifest.ts";

/** What a commit did: https://github.com/lance-format/lance/blob/main/protos/transaction.proto */
export interface Commit {
  operation: VersionOperation;
  /** That was made the newest again. */
  restored?: number;
}

const operations: Record<number, VersionOperation> = {
  100: "append",
  101: "delete",
  102: "create",
  103: "index",
  104: "compact",
  105: "columns",
  106: "restore",
  107: "compact", // keeps numbers for fragments that are joined
  108: "update",
  109: "columns",
  110: "settings",
};

/** @param at where in the manifest its transaction begins @returns what none of these is as `other` */
export function commitIn(manifest: Uint8Array, at: number): Commit {
  const commit: Commit = { operation: "other" };
  messageAt(manifest, at).readFields((tag, _, pbf) => {
    const operation = operations[tag];
    if (operation) commit.operation = operation;
    if (tag === 106) readRestore(pbf, commit);
  }, undefined);
  return commit;
}

function readRestore(pbf: PbfReader, commit: Commit): void {
  pbf.readMessage((tag) => {
    if (tag === 1) commit.restored = pbf.readVarint();
  }, undefined);
}
