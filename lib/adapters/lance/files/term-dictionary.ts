import { columnPages } from "./column-pages.ts";
import { fileBytes } from "./file-bytes.ts";
import { FstWords } from "./fst.ts";
import { viewOf } from "./lance-format.ts";

/**
 * The words of a part of a text index, `part_0_tokens.lance`: a column of one value, which is a dictionary of them, beside
 * others of one number each. Lance stores such a value as it is.
 * @param file all of it
 * @throws Error where it is laid out otherwise, as indexes of old Lance are, which have a row for each word
 */
export async function termDictionary(file: Uint8Array): Promise<FstWords> {
  const tail = await fileBytes(file.length, async ({ start, end }) => file.subarray(start, end)).tail();
  const [page, ...others] = columnPages(tail, 0);
  const [buffer] = page?.buffers ?? [];
  if (page?.layout.kind !== "constant" || page.rows !== 1 || others.length > 0 || !buffer)
    throw new Error("words of a text index that are no dictionary");
  return new FstWords(onlyValue(file.subarray(buffer.start, buffer.end)));
}

/** Behind how many buffers there are and the bytes of each: where the value begins and ends, and its bytes. */
function onlyValue(bytes: Uint8Array): Uint8Array {
  const view = viewOf(bytes);
  const [count, placesBytes, valueBytes] = [0, 4, 8].map((at) => view.getUint32(at, true));
  const isKnown = count === 2 && placesBytes === 16 && headBytes + (valueBytes ?? 0) === bytes.length;
  if (!isKnown) throw new Error("a dictionary of words that is stored otherwise");
  return bytes.subarray(headBytes);
}

const headBytes = 28;
