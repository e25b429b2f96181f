import { tableFromIPC } from "apache-arrow";
import type { DecodedTexts } from "../../../domain/source/parquet-source.ts";

/** Where vectors are missing in a unit: places in the memory of its stream, of so many values, in the order of its rows. */
export type VectorGaps = { at: number; values: number }[];

/** The texts of a unit's rows, and how its vectors are put where they belong. @param ipc in memory that may be written to */
export function decodedTexts(
  ipc: Uint8Array,
  column: string,
  dimension: number,
  gaps: VectorGaps,
): DecodedTexts {
  const texts = Array.from(tableFromIPC(ipc).getChild(column) ?? [], (text) => text as string | null);
  return {
    texts,
    fill: (vectors) => {
      let row = 0;
      for (const { at, values } of gaps) {
        const place = new Float32Array(ipc.buffer, at, values);
        for (let i = 0; i < values; i += dimension) place.set(vectors[row++] ?? [], i);
      }
      if (row !== texts.length) throw new Error(`there is room for ${row} vectors of ${texts.length} rows`);
    },
  };
}
