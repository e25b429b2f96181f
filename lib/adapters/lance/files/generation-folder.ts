import type { GenerationRef } from "../../../domain/index/index-entry.ts";

/** Where the files of a generation lie in its bucket. */
export const folderOf = ({ index, generation }: GenerationRef) => `lance/${index}/${generation}.lance/`;

/** Whether a key is of a data file: rows, where everything else of a generation is about them. An index may be named `data`. */
export const isDataFile = (key: string) => key.includes(".lance/data/");
