import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { WasmParquetSource } from "../lib/adapters/parquet/parquet-source.ts";
import type { ObjectStore } from "../lib/domain/object-store.ts";
import { chooseColumns } from "../lib/domain/source/choose-columns.ts";
import type { TargetSchema } from "../lib/domain/source/parquet-source.ts";
import { commonDimension, mergeColumns } from "../lib/domain/source/source-layout.ts";
import { cutUnits } from "../lib/domain/source/units.ts";
import { setsFolder } from "./bench-set.ts";
import { answerParent } from "./child.ts";

/** The decoder of a folder of this project: of another commit, too. */
async function sourceOf(project: string): Promise<WasmParquetSource> {
  const load = (path: string) => import(pathToFileURL(resolve(project, "lib/adapters", path)).href);
  const { WasmParquetSource: Source } = await load("parquet/parquet-source.ts");
  const { LocalStore: Store } = await load("store/local-store.ts");
  const store: ObjectStore = new Store(setsFolder);
  return new Source(() => store);
}

/** Decodes all units of a set as a load does, without writing them. */
async function decode({ project, file, units: most }: { project: string; file: string; units: number }) {
  const source = await sourceOf(project);
  const { signal } = new AbortController();
  const [footer] = await source.footers("sets", [file], signal);
  if (!footer) throw new Error(`${join(setsFolder, file)} has no footer`);
  const one = { key: file, footer };
  const { id, vector } = chooseColumns([one], {});
  const names = { idColumn: id.name, vectorColumn: vector.name };
  const dimension =
    commonDimension([one], names.vectorColumn, undefined) ??
    (await source.firstDimension("sets", { key: file }, names.vectorColumn, signal));
  const columns = mergeColumns([one], names, dimension);
  const target: TargetSchema = { ...names, dimension, columns, refuseZeroVectors: true };
  const units = cutUnits([one], dimension * 4, dimension).slice(0, most);
  const cpu = process.cpuUsage();
  const started = performance.now();
  let bytes = 0;
  for await (const { ipc } of source.decode("sets", [{ key: file }], units, target, signal))
    bytes += ipc.length;
  const rows = units.reduce((sum, unit) => sum + unit.rows, 0);
  const ms = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  const peakRssBytes = process.resourceUsage().maxRSS * 1_024;
  return { rows, bytes, ms, cpuMs: (user + system) / 1_000, peakRssBytes };
}

await answerParent(decode);
