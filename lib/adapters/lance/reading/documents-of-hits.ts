import { documentsTooLarge, rowsWithin, widestColumn } from "../../../domain/answer-size.ts";
import type { Query } from "../../../domain/search/reader.ts";
import type { Document, Hit } from "../../../domain/search/search-request.ts";
import { documentsThatFit } from "../rows/documents.ts";
import { rowsOf } from "../rows/hits.ts";
import type { ResidentRows } from "../rows/resident-rows.ts";
import { fetchById } from "./fetch-by-id.ts";
import type { TableSource } from "./table-queries.ts";

interface Asked extends Pick<Query, "columns" | "timeoutMs" | "signal"> {
  /** At which the hits were found. */
  version: number;
  hits: Hit[];
}

/**
 * Documents of inner hits: from memory, or by their rows, of which no index of ids has to tell; by their ids where a row
 * is not known or the table is at another version.
 * @param resident rows of that version that have the columns
 * @throws ColumnsChanged, AnswerTooLarge, DeadlineExceeded
 */
export async function documentsOfHits(
  source: TableSource,
  resident: ResidentRows | undefined,
  { version, hits, columns, ...time }: Asked,
): Promise<Map<string, Document>> {
  const started = performance.now();
  const rows = source.followed.version === version ? rowsOf(hits) : undefined;
  const places = resident && rows?.flatMap((id) => resident.placeOf(id) ?? []);
  if (places?.length === hits.length) return held(resident as ResidentRows, places, hits, columns);
  const taken = rows && (await takenRows(source, rows, { version, columns, ...time }));
  if (taken) return taken;
  const ids = [...new Set(hits.map(({ doc_id }) => doc_id))];
  const timeoutMs = time.timeoutMs - (performance.now() - started);
  return fetchById(source, ids, columns, { ...time, timeoutMs });
}

function held(
  resident: ResidentRows,
  places: number[],
  hits: Hit[],
  columns: string[],
): Map<string, Document> {
  const documents = rowsWithin<Document>(
    hits.length,
    (i) => ({ doc_id: (hits[i] as Hit).doc_id, ...resident.values(columns, places[i] ?? 0) }),
    (fit, row) => documentsTooLarge(hits.length, fit, widestColumn(row)),
  );
  return byId(documents);
}

/** @returns undefined when the table moved on meanwhile */
async function takenRows(
  { followed, queries, published }: TableSource,
  rows: bigint[],
  { version, columns, ...time }: Omit<Asked, "hits">,
): Promise<Map<string, Document> | undefined> {
  const { idColumn } = published;
  const wanted = followed.table.takeRowIds(rows).select([...new Set([idColumn, ...columns])]);
  const taken = await queries.run(wanted, time);
  if (taken.numRows < rows.length || !(await followed.isStillAt(version))) return undefined;
  const { fit, widest } = documentsThatFit(taken, idColumn, columns);
  if (widest !== undefined) throw documentsTooLarge(rows.length, fit.length, widest);
  return byId(fit);
}

const byId = (documents: Document[]) => new Map(documents.map((document) => [document.doc_id, document]));
