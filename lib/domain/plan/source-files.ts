import { limits } from "../../config/limits.ts";
import type { ObjectStat, Stores } from "../object-store.ts";
import type { FileFooter, ParquetSource } from "../source/parquet-source.ts";
import { invalidSource, type SourceFile } from "../source/source-layout.ts";
import type { TaskContext } from "../task-context.ts";

export interface SourceDependencies {
  stores: Stores;
  parquet: ParquetSource;
}

/** A file of the source, bound to what it was when its footer was read. */
export interface SeenFile extends SourceFile {
  footer: FileFooter & ObjectStat;
}

/** The Parquet files under a key or prefix, by name. */
async function sourceKeys(
  deps: SourceDependencies,
  source: { bucket: string; key: string },
): Promise<string[]> {
  const store = deps.stores(source.bucket);
  const name = `${source.bucket}/${source.key}`;
  if ((await store.stat(source.key)) !== undefined) return [source.key];
  const prefix = `${source.key}/`;
  const under = await store.list(prefix, { limit: limits.maxSourceFiles + 1 });
  // the listing ends here, so what follows may be data that would be missed
  if (under.length > limits.maxSourceFiles)
    throw invalidSource(name, `holds more than ${limits.maxSourceFiles} files`);
  const keys = under.map(({ key }) => key).filter((key) => isData(key.slice(prefix.length)));
  if (keys.length > 0) return keys;
  const why =
    under.length > 0
      ? `none of its ${under.length} files ends with .parquet`
      : "there is no such file or prefix";
  throw invalidSource(name, why);
}

/**
 * What starts with `_` or `.`, file or folder, is not data, as everywhere else: logs, markers, unfinished output. But for
 * `_key=value`: its key is a column.
 */
function isData(path: string): boolean {
  return !/(^|\/)(\.|_(?![^/]*=.*\/))/.test(path) && /\.(parquet|parq|pq)$/i.test(path);
}

/** Their footers, those that there are. @throws SourceInvalid, SourceChanged, OutsideBucket */
export async function readFooters(
  deps: SourceDependencies,
  source: { bucket: string; key: string },
  context: TaskContext,
): Promise<SeenFile[]> {
  const keys = await sourceKeys(deps, source);
  const footers = await deps.parquet.footers(source.bucket, keys, context.signal);
  return keys.flatMap((key, i) => (footers[i] ? [{ key, footer: footers[i] }] : []));
}
