import { WasmParquetSource } from "../../../lib/adapters/parquet/parquet-source.ts";
import type { Fallbacks } from "../../../lib/domain/fallbacks.ts";
import { chooseColumns } from "../../../lib/domain/source/choose-columns.ts";
import type { TargetSchema } from "../../../lib/domain/source/parquet-source.ts";
import { commonDimension, mergeColumns, refuseDimension } from "../../../lib/domain/source/source-layout.ts";
import { cutUnits } from "../../../lib/domain/source/units.ts";
import { storeOfFile } from "../../support/store-of-file.ts";

type OnRead = (start: number, end: number) => void;

/** Plans and decodes a file as a migration does. @returns the Arrow IPC stream of every unit */
export async function decodeFile(
  bytes: Uint8Array,
  told: { dimension?: number; onRead?: OnRead; fallbacks?: Fallbacks } = {},
): Promise<Uint8Array[]> {
  const store = storeOfFile(
    () => bytes,
    (_, start, end) => told.onRead?.(start, end),
  );
  const source = new WasmParquetSource(() => store, told.fallbacks);
  const { signal } = new AbortController();
  const [footer] = await source.footers("b", ["f"], signal);
  if (!footer) throw new Error("no footer was read");
  const file = { key: "f", footer };
  const { id, vector } = chooseColumns([file], {});
  const names = { idColumn: id.name, vectorColumn: vector.name };
  const found = commonDimension([file], names.vectorColumn, told.dimension);
  const dimension = found ?? (await source.firstDimension("b", { key: "f" }, names.vectorColumn, signal));
  refuseDimension("f", dimension);
  const columns = mergeColumns([file], names, dimension);
  const target: TargetSchema = { ...names, dimension, columns, refuseZeroVectors: true };
  const units = cutUnits([file], dimension * 4, dimension);
  const decoded: Uint8Array[] = [];
  for await (const { ipc } of source.decode("b", [{ key: "f" }], units, target, signal))
    decoded.push(ipc.slice());
  return decoded;
}
