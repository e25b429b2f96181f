import { limits } from "../../config/limits.ts";
import type { Column, IndexEmbedding } from "../index/index-entry.ts";
import { listed } from "../listed.ts";
import { invalidSource, type SourceFile } from "./source-layout.ts";

/**
 * Files whose vectors will be made of a column's text, as if they held them.
 * @throws SourceInvalid naming a file that has a column of that name, or no such text
 */
export function withVectorsToCome<F extends SourceFile>(
  files: F[],
  { column }: IndexEmbedding,
  vectorColumn: string,
  dimension: number,
): F[] {
  return files.map((file) => {
    const { key, footer } = file;
    if (footer.columns.some(({ name }) => name === vectorColumn))
      throw invalidSource(
        key,
        `has a column "${vectorColumn}", as the vectors that are made would be called; name theirs with vectorColumn, or leave embedding out`,
      );
    if (!footer.columns.some(({ name }) => name === column))
      throw invalidSource(
        key,
        `has no column "${column}" to make vectors of; it has: ${listed(footer.columns.map(({ name }) => name))}`,
      );
    const type = `FixedSizeList[${dimension}]<Float32>`;
    const vector = { layout: "fixed_size_list" as const, dimension };
    const made = { name: vectorColumn, type, carried: true, bytes: 0, vector };
    return { ...file, footer: { ...footer, columns: [...footer.columns, made] } };
  });
}

/** @throws SourceInvalid where texts are left out, or are none */
export function refuseNoTexts(source: string, { column }: IndexEmbedding, columns: Column[]): void {
  const found = columns.find(({ name }) => name === column);
  if (found?.type === "Utf8") return;
  const why = found ? `is ${found.type}, no text` : "is left out by `columns`";
  throw invalidSource(source, `column "${column}", of which vectors are to be made, ${why}`);
}

/** Such a row counts for more than its bytes: of a unit all are made before any is kept. */
export const embeddedRowBytes = limits.unitTargetBytes / limits.embeddedUnitRows;
