import { readFileSync } from "node:fs";
import type { TargetSchema, Unit } from "../../../domain/source/parquet-source.ts";
import { Decoder } from "../decoding/decoder.ts";
import { parquetWasm } from "../wasm/parquet-wasm.ts";

/** Written by scripts/write-rehearsal.ts. */
export const rehearsalFile = new URL("./rehearsal.parquet", import.meta.url);
const times = 3;

/** What is in the file. */
export const rehearsed = {
  rows: 256,
  target: {
    ...{ idColumn: "doc_id", vectorColumn: "vector", dimension: 8, refuseZeroVectors: true },
    columns: [
      { name: "doc_id", type: "Utf8" },
      { name: "chunk_text", type: "Utf8" },
      { name: "page", type: "Int64" },
      { name: "vector", type: "FixedSizeList[8]<Float32>" },
    ],
  } satisfies TargetSchema,
};

/**
 * Decodes a small file ahead of the first one that is asked for: WebAssembly and JavaScript are compiled as they are used,
 * which takes as long as decoding 60 MB (bench/NOTES.md).
 */
export async function rehearse(): Promise<void> {
  const bytes = Uint8Array.from(readFileSync(rehearsalFile));
  const { rows, target } = rehearsed;
  const unit: Unit = { id: 0, file: 0, rowGroups: [{ index: 0, rows }], firstRow: 0, rows };
  const decoder = new Decoder(parquetWasm(), async (_, start, end, into) =>
    copyInto(into, bytes.slice(start, end)),
  );
  for (let time = 0; time < times; time++) {
    const file = { file: "rehearsal.parquet", bytes: bytes.length };
    await decoder.answer({ ...file, ask: "footer" });
    await decoder.answer({ ...file, ask: "first-dimension", column: target.vectorColumn });
    await decoder.answer({ ...file, ask: "unit", unit, target });
    decoder.forget();
  }
}

function copyInto(into: Uint8Array | undefined, bytes: Uint8Array): Uint8Array {
  if (!into) return bytes;
  into.set(bytes);
  return into.subarray(0, bytes.length);
}
