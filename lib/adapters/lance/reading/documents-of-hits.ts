import { documentsTooLarge, rowsWithin, widestColumn } from "../../../domain/answer-size.ts";
import { rowsOf } from "../../../domain/search/located-hits.ts";
import type { Query } from "../../../domain/search/reader.ts";
import type { Document, Hit } from "../../../domain/search/search-response.ts";
import { documentsThatFit } from "../rows/documents.ts";
import { rowIdsOf } from "../rows/hits.ts";
import type { ResidentRows } from "../rows/resident-rows.ts";
import type { TableSource } from "./table-queries.ts";

interface Asked extends Pick<Query, "columns" | "timeoutMs" | "signal"> {
  /** At which the hits were found. */
  version: number;
  hits: Hit[];
}

/**
 * Documents of inner hits by the ids of these hits: from memory, or by their rows.
 * @param resident rows of that version that have the columns
 * @returns undefined where a row is not known, or the table is at another version
 * @throws AnswerTooLarge, DeadlineExceeded
 */
export async function documentsOfHits(
  source: TableSource,
  resident: ResidentRows | undefined,
  asked: Asked,
): Promise<Map<string, Document> | undefined> {
  const rows = source.followed.version === asked.version ? rowsOf(asked.hits) : undefined;
  if (!rows) return undefined;
  const { idColumn } = source.published;
  const held = resident && heldRows(resident, idColumn, rows, asked);
  return held ?? takenRows(source, rows, asked);
}

/** @returns undefined where one of them is not in memory */
function heldRows(
  resident: ResidentRows,
  idColumn: string,
  rows: bigint[],
  { hits, columns }: Asked,
): Map<string, Document> | undefined {
  const places = rows.flatMap((id) => resident.placeOf(id) ?? []);
  if (places.length < rows.length) return undefined;
  const documents = rowsWithin<Document>(
    rows.length,
    (i) => {
      const place = places[i] as number;
      return { doc_id: String(resident.value(idColumn, place)), ...resident.values(columns, place) };
    },
    (fit, row) => documentsTooLarge(rows.length, fit, widestColumn(row)),
  );
  return new Map(hits.map(({ doc_id }, i) => [doc_id, documents[i] as Document]));
}

/** @returns undefined when the table moved on meanwhile */
async function takenRows(
  { followed, queries, published }: TableSource,
  rows: bigint[],
  { version, hits, columns, ...time }: Asked,
): Promise<Map<string, Document> | undefined> {
  const { idColumn } = published;
  const names = [...new Set([idColumn, ...columns, "_rowid"])];
  const wanted = followed.table.takeRowIds(rows).withRowId().select(names);
  const taken = await queries.run(wanted, time);
  if (taken.numRows !== rows.length || !(await followed.isStillAt(version))) return undefined;
  const { fit, widest } = documentsThatFit(taken, idColumn, columns);
  if (widest !== undefined) throw documentsTooLarge(rows.length, fit.length, widest);
  const documents = new Map(rowIdsOf(taken).map((id, i) => [id, fit[i] as Document]));
  const found = hits.flatMap(({ doc_id }, i): [string, Document][] => {
    const document = documents.get(rows[i] as bigint);
    return document ? [[doc_id, document]] : [];
  });
  return found.length < hits.length ? undefined : new Map(found);
}
