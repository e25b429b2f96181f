import type { Issue } from "../errors.ts";
import { daysOf } from "../values/filter-types.ts";
import type { SourceColumn } from "./parquet-source.ts";
import { invalidSources, type SourceFile } from "./source-layout.ts";

/** What a directory says of all rows under it; null for `__HIVE_DEFAULT_PARTITION__`. */
export type PartitionValue = string | null;

/**
 * The columns that directories named `key=value` stand for, as Hive, Spark and pyarrow write them, in their order.
 * Other directories say nothing.
 * @param base prefix of the source, ending with `/`: what is above it says nothing of its rows
 * @param key of a file under it
 */
export function partitionsOf(base: string, key: string): [name: string, value: PartitionValue][] {
  const folders = key.startsWith(base) ? key.slice(base.length).split("/").slice(0, -1) : [];
  return folders.flatMap((folder): [string, PartitionValue][] => {
    const at = folder.indexOf("=");
    if (at < 1) return [];
    const value = folder.slice(at + 1);
    return [[decoded(folder.slice(0, at)), value === nullValue ? null : decoded(value)]];
  });
}

const nullValue = "__HIVE_DEFAULT_PARTITION__";

/** Percent signs that encode nothing stay. */
function decoded(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (encoded) => {
    try {
      return decodeURIComponent(encoded);
    } catch {
      return encoded;
    }
  });
}

/**
 * The files with the columns of their directories among their own: integers where all values are, of 32 bits if they
 * fit, else strings, as both Spark and pyarrow take them. A column that is in the files, too, keeps its type there.
 * @param names whose columns no directory may stand for
 * @throws SourceInvalid naming files whose directories do not agree
 */
export function withPartitions<File extends SourceFile>(
  files: File[],
  base: string,
  names: { idColumn: string; vectorColumn: string },
): File[] {
  const found = files.map(({ key }) => partitionsOf(base, key));
  refuseDisagreement(files, found, names);
  const columns = (found[0] ?? []).map(([name]) => name);
  const types = new Map(columns.map((name) => [name, typeOf(name, files, found)]));
  return files.map((file, i) => {
    const own = new Set(file.footer.columns.map(({ name }) => name));
    const added = (found[i] ?? [])
      .filter(([name]) => !own.has(name))
      .map(([name, value]): SourceColumn => {
        const bytes = file.footer.rows * (value ?? "").length;
        return { name, type: types.get(name) ?? "Utf8", carried: true, bytes };
      });
    return { ...file, footer: { ...file.footer, columns: [...file.footer.columns, ...added] } };
  });
}

type Partitions = [string, PartitionValue][];

/** A type whose values directories can be compared with, and made into. */
const readable = /^(Utf8|Bool|U?[Ii]nt(8|16|32|64)|Float(32|64)|Date32<DAY>)$/;

function typeOf(name: string, files: SourceFile[], found: Partitions[]): string {
  const inFiles = files.flatMap(({ footer }) => footer.columns).find((column) => column.name === name);
  if (inFiles) return inFiles.type;
  const values = found.flatMap((one) => one.filter(([other]) => other === name).map(([, value]) => value));
  if (values.every((value) => value === null)) return "Utf8";
  const fits = (type: string) => values.every((value) => valueAs(type, value) !== undefined);
  return ["Int32", "Int64"].find(fits) ?? "Utf8";
}

/**
 * A directory's value as one of a column's type; of a date its milliseconds.
 * @returns undefined where it is none
 */
export function valueAs(
  type: string,
  value: PartitionValue,
): string | number | bigint | boolean | null | undefined {
  if (value === null || type === "Utf8") return value;
  const integer = /^(U?)[Ii]nt(\d+)$/.exec(type);
  if (integer) return integerIn(value, integer[1] === "U", Number(integer[2]));
  if (type === "Bool") return /^(true|false)$/i.test(value) ? value.toLowerCase() === "true" : undefined;
  if (/^Float/.test(type)) return floatIn(value, type === "Float32");
  return type === "Date32<DAY>" ? dateIn(value) : undefined;
}

function integerIn(value: string, isUnsigned: boolean, bits: number): number | bigint | undefined {
  if (!/^-?\d{1,20}$/.test(value)) return undefined;
  const integer = BigInt(value);
  const kept = isUnsigned ? BigInt.asUintN(bits, integer) : BigInt.asIntN(bits, integer);
  if (kept !== integer) return undefined;
  return bits === 64 ? integer : Number(integer);
}

function floatIn(value: string, isSingle: boolean): number | undefined {
  if (!/^-?\d+(\.\d+)?(e[-+]?\d+)?$/i.test(value)) return undefined;
  return isSingle ? Math.fround(Number(value)) : Number(value);
}

/** JavaScript takes the 30th of February for a day of March. */
function dateIn(value: string): number | undefined {
  const days = /^\d{4}-\d\d-\d\d$/.test(value) ? daysOf(value) : undefined;
  return days === undefined ? undefined : Number(days) * 86_400_000;
}

function refuseDisagreement(
  files: SourceFile[],
  found: Partitions[],
  names: { idColumn: string; vectorColumn: string },
): void {
  const keysOf = (partitions: Partitions = []) =>
    partitions
      .map(([name]) => name)
      .sort()
      .join(", ");
  const issues = files.flatMap((file, i): Issue[] => {
    const own = found[i] ?? [];
    if (keysOf(own) !== keysOf(found[0]))
      return [
        issueOf(
          file,
          `its directories tell ${keysOf(own) || "no columns"}, those of ${files[0]?.key} ${keysOf(found[0]) || "none"}`,
        ),
      ];
    return own.flatMap(([name, value], at) => issuesOf(file, name, value, at, own, files, names));
  });
  if (issues.length > 0) throw invalidSources(issues);
}

function issuesOf(
  file: SourceFile,
  name: string,
  value: PartitionValue,
  at: number,
  own: Partitions,
  files: SourceFile[],
  names: { idColumn: string; vectorColumn: string },
): Issue[] {
  if (own.findIndex(([other]) => other === name) < at)
    return [issueOf(file, `two of its directories tell "${name}"`)];
  if (name === names.idColumn || name === names.vectorColumn)
    return [issueOf(file, `a directory tells "${name}", which each row has of its own`)];
  const inFiles = files.flatMap(({ footer }) => footer.columns).find((column) => column.name === name);
  if (!inFiles || (readable.test(inFiles.type) && valueAs(inFiles.type, value) !== undefined)) return [];
  return [
    issueOf(
      file,
      `a directory says ${name}=${value}, which is no ${inFiles.type}, as which files have that column`,
    ),
  ];
}

function issueOf({ key }: SourceFile, message: string): Issue {
  return { path: key, message: `${message}; set partitionColumns to "ignore" to leave directories out` };
}
