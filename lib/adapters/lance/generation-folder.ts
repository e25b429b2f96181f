import type { GenerationRef } from "../../domain/index-entry.ts";

/** Where the files of a generation lie in its bucket. */
export const folderOf = ({ index, generation }: GenerationRef) => `lance/${index}/${generation}.lance/`;
