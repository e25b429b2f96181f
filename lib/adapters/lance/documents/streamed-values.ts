import { isUtf8 } from "node:buffer";
import { type Data, DataType, type Field, Vector } from "apache-arrow";
import { limits } from "../../../config/limits.ts";
import { isoInstant } from "../../../domain/values/instant.ts";
import { UntakenStream } from "../../arrow/ipc-bounds.ts";
import { refuseShortData } from "../../arrow/whole-data.ts";
import { utf8 } from "../../utf8.ts";
import { uuidText } from "../../uuid-text.ts";
import { jsonColumn } from "../rows/json-values.ts";

type Getter = (row: number) => unknown;

/** What is no text is none of JSON's either: whoever checks a document refuses it by its place. */
const noText = "\ud800";

/** Values of columns as documents in JSON have them (docs/columns.md). */
export class StreamedValues {
  readonly #dictionaries = new WeakMap<Data, unknown[]>();
  #expanded = 0;

  /** @throws RangeError where the data are damaged */
  of(field: Field, data: Data): Getter {
    refuseShortData(data);
    return isUuid(field) ? nullable(data, uuidsOf(data)) : this.#getter(data);
  }

  #getter(data: Data): Getter {
    const { type } = data;
    if (DataType.isNull(type)) return () => null;
    if (DataType.isDictionary(type)) return nullable(data, this.#inDictionary(data));
    if (DataType.isFixedSizeList(type)) return nullable(data, this.#lists(data, type.listSize));
    if (DataType.isList(type)) return nullable(data, this.#lists(data));
    if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) return nullable(data, textsOf(data));
    if (isDate64(type)) return nullable(data, (row) => isoInstant(BigInt(data.values[row]), 1_000n));
    return jsonColumn(new Vector([data]));
  }

  #lists(data: Data, size?: number): Getter {
    const items = this.#getter(data.children[0] as Data);
    const startOf = (row: number) => (size === undefined ? Number(data.valueOffsets[row]) : row * size);
    return (row) => {
      const start = startOf(row);
      return Array.from({ length: startOf(row + 1) - start }, (_, i) => items(start + i));
    };
  }

  #inDictionary(data: Data): Getter {
    const [chunk, ...more] = data.dictionary?.data ?? [];
    if (!chunk || more.length > 0) throw new RangeError("a dictionary is missing");
    const values = this.#valuesOf(chunk);
    return (row) => {
      const value = values[Number(data.values[row])];
      if (value === undefined) throw new RangeError("a value is not in its dictionary");
      if (typeof value === "string") this.#expanded += value.length;
      if (this.#expanded > limits.maxDictionaryTexts)
        throw new UntakenStream(
          "has dictionaries whose texts are too long for so many rows; send it without",
        );
      return value;
    };
  }

  #valuesOf(chunk: Data): unknown[] {
    const known = this.#dictionaries.get(chunk);
    if (known) return known;
    refuseShortData(chunk);
    const get = this.#getter(chunk);
    const values = Array.from({ length: chunk.length }, (_, i) => get(i));
    this.#dictionaries.set(chunk, values);
    return values;
  }
}

const nullable =
  (data: Data, get: Getter): Getter =>
  (row) =>
    data.getValid(row) ? get(row) : null;

function textsOf({ values, valueOffsets }: Data): Getter {
  return (row) => {
    const bytes = (values as Uint8Array).subarray(Number(valueOffsets[row]), Number(valueOffsets[row + 1]));
    return isUtf8(bytes) ? utf8.decode(bytes) : noText;
  };
}

/** Whether 16 bytes are UUIDs, which are shown as such. */
export function isUuid({ type, metadata }: Field): boolean {
  const name = metadata.get("ARROW:extension:name");
  return name === "arrow.uuid" && DataType.isFixedSizeBinary(type) && type.byteWidth === 16;
}

function uuidsOf({ values }: Data): Getter {
  return (row) =>
    uuidText(Buffer.from((values as Uint8Array).subarray(16 * row, 16 * row + 16)).toString("hex"));
}

const isDate64 = (type: DataType) => String(type) === "Date64<MILLISECOND>";
