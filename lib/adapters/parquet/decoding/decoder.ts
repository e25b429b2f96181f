import { StructRow, tableFromIPC, type Vector } from "apache-arrow";
import "../../arrow/all-null-booleans.ts";
import "../../arrow/byte-order-marks.ts";
import { limits } from "../../../config/limits.ts";
import type { ReasonOf } from "../../../domain/fallbacks.ts";
import type { FileFooter } from "../../../domain/source/parquet-source.ts";
import { encryptedColumn } from "../../../domain/source/source-layout.ts";
import { preferPlainTypes } from "../footers/arrow-hint.ts";
import { encryptedColumns } from "../footers/footer-scan.ts";
import { instantsOf } from "../footers/int96.ts";
import { plainFooter } from "../footers/plain-footer.ts";
import { uuidColumns } from "../footers/uuid-columns.ts";
import { valuesField } from "../footers/vector-structs.ts";
import { readTail, readThrough } from "../pages/file-tail.ts";
import { NotReadHere } from "../pages/not-read-here.ts";
import { bytesInDictionaries } from "../pages/plain-bytes.ts";
import { type PageRanges, RangeMemory } from "../pages/range-memory.ts";
import { VectorColumn } from "../pages/vector-column.ts";
import type { ParquetWasm } from "../wasm/parquet-wasm.ts";
import { RangeBlob } from "../wasm/range-blob.ts";
import { isFault, ReadFailed, Refusal } from "./decode-errors.ts";
import type {
  DecodeAnswer,
  DecodedUnit,
  DecodeRequest,
  DecoderFallback,
  ReadFile,
} from "./decode-messages.ts";
import { footerOf } from "./footer.ts";
import { type AskedUnit, BadVector, decodeUnit, type OpenFile } from "./unit-decoder.ts";

/** Answers questions about files, one at a time. */
export class Decoder {
  readonly #wasm: ParquetWasm;
  readonly #read: ReadFile;
  readonly #fellBack: (fallback: DecoderFallback) => void;
  readonly #memory = new RangeMemory();
  /** The last file stays open: its units come one after the other. */
  #open: OpenFile | undefined;

  /** @param read throws ReadFailed where that is not the fault of the file */
  constructor(
    wasm: ParquetWasm,
    read: ReadFile,
    fellBack: (fallback: DecoderFallback) => void = () => undefined,
  ) {
    this.#fellBack = fellBack;
    this.#wasm = wasm;
    this.#read = read;
  }

  /** @throws Refusal, ReadFailed, and what parquet-wasm throws of a file that it cannot read */
  async answer(request: DecodeRequest): Promise<DecodeAnswer> {
    const file = await this.#opened(request);
    if (request.ask === "footer") return this.#footerOf(file, request.bytes);
    if (request.ask === "first-dimension") return firstDimension(file, request.column);
    return (await this.#decodeFromPages(file, request)) ?? decodeUnit(file, request);
  }

  async #footerOf(file: OpenFile, bytes: number): Promise<FileFooter> {
    const read = readThrough(file.tail, (start, end) => this.#read(file.file, start, end));
    return footerOf(file.parquet, bytes, file, await bytesInDictionaries(file.tail, read));
  }

  /** What was read of a file so far may have changed. */
  forget(): void {
    this.#open?.parquet.free();
    this.#open?.vectors?.release();
    this.#open = undefined;
  }

  async #opened({ file, bytes }: DecodeRequest): Promise<OpenFile> {
    if (this.#open?.file === file) return this.#open;
    this.forget();
    if (bytes === 0) throw new Refusal(file, "the file is empty");
    const read = (start: number, end: number) => this.#read(file, start, end);
    const tail = await readTail(bytes, read);
    const encrypted = encryptedColumns(tail.bytes);
    const plain = plainFooter(tail);
    const instants = instantsOf(plain.int96, plain.tail.bytes);
    preferPlainTypes(plain.tail.bytes);
    const { ParquetFile, wasmMemory } = this.#wasm;
    const blob = new RangeBlob(plain.bytes, readThrough(plain.tail, read), wasmMemory, () =>
      this.#fellBack({ path: "released-buffers", reason: "copy-not-seen" }),
    );
    const parquet = await ParquetFile.fromFile(blob);
    this.#open = { file, parquet, tail: plain.tail, encrypted, instants, uuids: uuidColumns(tail.bytes) };
    return this.#open;
  }

  /**
   * The vectors straight from their pages, several times faster than parquet-wasm, which decodes the other columns.
   * @returns undefined for whatever is unusual or wrong: decoding all of it by parquet-wasm tells what, and where
   */
  async #decodeFromPages(file: OpenFile, asked: AskedUnit): Promise<DecodedUnit | undefined> {
    if (file.vectors === null || asked.target.embedding) return undefined;
    try {
      const { vectorColumn, dimension } = asked.target;
      file.vectors ??= VectorColumn.in(file.tail, vectorColumn, dimension, this.#rangesOf(file.file)) ?? null;
      if (file.vectors) return await decodeUnit(file, asked, file.vectors);
      this.#fellBack({ path: "vectors-from-pages", reason: "other-layout" });
      return undefined;
    } catch (error) {
      if (error instanceof ReadFailed || isFault(error)) throw error;
      this.#fellBack({ path: "vectors-from-pages", reason: reasonOf(error) });
      file.vectors?.release();
      // the vectors of the next unit may be good ones
      if (!(error instanceof BadVector)) file.vectors = null;
      return undefined;
    }
  }

  #rangesOf(file: string): PageRanges {
    return {
      read: (start, end) => this.#read(file, start, end, this.#memory.take(end - start)),
      giveBack: (bytes) => this.#memory.giveBack(bytes),
    };
  }
}

function reasonOf(error: unknown): ReasonOf<"vectors-from-pages"> {
  if (error instanceof BadVector) return "no-vector-of-the-index";
  return error instanceof NotReadHere ? error.reason : "unreadable";
}

async function firstDimension({ file, parquet, encrypted }: OpenFile, column: string): Promise<number> {
  if (encrypted.includes(column)) throw new Refusal(`${file}, column ${column}`, encryptedColumn);
  const read = await parquet.read({ columns: [column], limit: limits.dimensionRows });
  const values = tableFromIPC(read.intoIPCStream()).getChild(column);
  const vectors = Array.from(values ?? [], (one) =>
    one instanceof StructRow ? one.toJSON()[valuesField] : one,
  );
  const usual = usualLength(vectors.map((vector) => vector?.length ?? 0));
  const [first] = vectors;
  const groups = parquet.metadata().rowGroups();
  const place = `${file}, row group ${groups.findIndex((one) => one.numRows() > 0)}, row 0`;
  if (usual === undefined && !first) throw new Refusal(place, "the vector is null");
  if (usual === undefined) throw new Refusal(place, "the vector is empty");
  const dimension = isBinary(values) ? usual / 4 : usual;
  if (Number.isInteger(dimension)) return dimension;
  throw new Refusal(place, `the vector has ${usual} bytes, not a multiple of 4`);
}

const isBinary = (values: Vector | null) => values !== null && /Binary/.test(String(values.type));

/** Of the first rows: some of them may be bad. @returns undefined where all are empty */
function usualLength(lengths: number[]): number | undefined {
  const counts = new Map<number, number>();
  for (const length of lengths) if (length > 0) counts.set(length, (counts.get(length) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return [...counts].find(([, count]) => count === most)?.[0];
}
