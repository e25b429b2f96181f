import type { GenerationRef } from "../../domain/index-entry.ts";

/** Where the files of a generation lie in its bucket. */
export const folderOf = ({ index, generation }: GenerationRef) => `lance/${index}/${generation}.lance/`;

/** Whether a key is of a data file: rows, where everything else of a generation is about them. An index may be named `data`. */
export const isDataFile = (key: string) => key.includes(".lance/data/");

/** Whether a search for the nearest by the vector index alone reads it: neither rows nor scalar indexes, whose files end otherwise. */
export const isForNearest = (key: string) =>
  !isDataFile(key) && (!key.includes(".lance/_indices/") || key.endsWith(".idx"));

/** Whether a key is of a table's history, which only who commits asks for. */
export const isTransaction = (key: string) => key.includes(".lance/_transactions/");
