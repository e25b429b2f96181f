import type { PbfReader } from "pbf";
import { uuidText } from "../../uuid-text.ts";

/** An index as a manifest tells of it. */
export interface StoredIndex {
  folder: string;
  /** Ids of the columns that it is on. */
  fields: number[];
  /** None where they were not counted. */
  files: string[];
  /** All of it is in the manifest. */
  isInline: boolean;
  /** It holds the words of a column. */
  isText: boolean;
  /** Whose rows it holds, as a bitmap; none where that is not told. */
  fragments: Uint8Array | undefined;
}

export function indexesIn(section: PbfReader): StoredIndex[] {
  const indexes: StoredIndex[] = [];
  section.readFields((tag, _, pbf) => {
    if (tag === 1) indexes.push(readIndex(pbf));
  }, undefined);
  return indexes;
}

function readIndex(pbf: PbfReader): StoredIndex {
  const index: StoredIndex = {
    folder: "",
    fields: [],
    files: [],
    isInline: false,
    isText: false,
    fragments: undefined,
  };
  return pbf.readMessage((tag) => {
    if (tag === 1) index.folder = `_indices/${readUuid(pbf)}/`;
    if (tag === 2) pbf.readPackedVarint(index.fields);
    if (tag === 5) index.fragments = pbf.readBytes();
    if (tag === 6) {
      const details = readPath(pbf);
      index.isInline = /(FragmentReuse|MemWal)IndexDetails$/.test(details);
      index.isText = /InvertedIndexDetails$/.test(details);
    }
    if (tag === 10) index.files.push(readPath(pbf));
  }, index);
}

function readUuid(pbf: PbfReader): string {
  let hex = "";
  pbf.readMessage((tag) => {
    if (tag === 1) hex = Buffer.from(pbf.readBytes()).toString("hex");
  }, undefined);
  return uuidText(hex);
}

/** A name that is all that is read of a message. */
export function readPath(pbf: PbfReader): string {
  let path = "";
  pbf.readMessage((tag) => {
    if (tag === 1) path = pbf.readString();
  }, undefined);
  return path;
}
