import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { DomainError } from "../errors.ts";
import type { Column, IndexEntry, Publication } from "../index/index-entry.ts";
import { publishedOf } from "../index/published.ts";
import { validate } from "../validate.ts";
import { type DocumentForm, documentBatch, idsOf } from "./document-batch.ts";
import type { DocumentBatch, Given, PastDocuments } from "./document-tables.ts";
import { withoutMade, withVectors } from "./embed-documents.ts";
import { neededOf } from "./first-columns.ts";
import { inferredColumns, streamedColumns, withoutUntold } from "./inferred-columns.ts";
import type { Written } from "./receipts.ts";
import type { KeyedWrite } from "./stored-turn.ts";
import { refuseOtherColumns } from "./streamed-columns.ts";
import { isOtherForm, namesOthers, tableForm } from "./table-form.ts";
import { inTurn, type WriteDependencies } from "./write-turn.ts";

export const writeMode = z.enum(["upsert", "insert"]).meta({
  description:
    "upsert: a document whose id is there is replaced. insert: it is refused, with all others of the request",
});
export type WriteMode = z.infer<typeof writeMode>;

/** Documents in JSON's form, or the bytes of an Arrow IPC stream of them. */
export interface DocumentsBody {
  documents: unknown[] | Uint8Array;
}

export const documentsRequest: z.ZodType<DocumentsBody> = z
  .strictObject({
    documents: z
      .array(z.unknown())
      .min(1)
      .max(limits.maxDocuments)
      .meta({
        description:
          "Each an object with its id, its vector and any other column, in the form in which answers show them; a column that is left out is null",
        items: { type: "object" },
      }),
  })
  .meta({ id: "DocumentsRequest" });

/** @throws BadRequest */
export function parseDocuments(body: object): DocumentsBody {
  if ("documents" in body && body.documents instanceof Uint8Array) return { documents: body.documents };
  return validate(documentsRequest, body, "");
}

/**
 * Writes documents in one commit, all or none.
 * @throws BadRequest with every problem of every document, EmbeddingMismatch, EmbeddingUnavailable and EmbeddingRefused, DocumentExists naming ids, ColumnsChanged where another client has
 * taken columns away, and what `inTurn` throws
 */
export async function writeDocuments(
  deps: WriteDependencies,
  request: DocumentsBody & { index: string; mode: WriteMode; keyed: KeyedWrite | undefined },
  timeoutMs: number,
): Promise<Written> {
  const { index, mode, documents: sent, keyed } = request;
  const ends = performance.now() + timeoutMs;
  const left = () => ends - performance.now();
  const parsed: Given = sent instanceof Uint8Array ? deps.documents.streamed(sent) : { documents: sent };
  const entry = (await deps.registry.get(index)).value;
  const read = publishedOf(entry);
  const answered = read.embedding && keyed && (await deps.receipts.answer(index, keyed));
  if (answered) return answered; // and nothing is embedded for it
  const { given, made } = await embedded(deps, entry, read, parsed, left);
  const first = entry.infersColumns ? firstOf(read, given) : undefined;
  const early = first || isOfOthers(read, given) ? undefined : batchOf(read, given); // refused before anybody waits for it
  if (early) deps.documents.prepare(early);
  let batch: DocumentBatch = early ?? { columns: [], rows: [] };
  let { idColumn } = read;
  return inTurn(
    deps,
    index,
    {
      keyed,
      grows: true,
      columns: first?.columns,
      fit: (published, documents, infersColumns) => {
        const form = tableForm(published, documents);
        idColumn = form.idColumn;
        const own = (infersColumns && first?.given) || given;
        batch = early && !isOtherForm(read, form) ? early : batchOf(form, own);
      },
      ...(mode === "insert" ? { refuse: (documents) => refusalOfPresent(idColumn, documents, batch) } : {}),
      commit: (documents) => documents.upsert(idColumn, batch),
      isIn: (documents) => documents.holds(idColumn, withoutMade(batch, read.vectorColumn, made)),
    },
    left(),
  );
}

/** Of an index with an embedding provider, those without a vector with one of their text. @throws BadRequest, EmbeddingMismatch, EmbeddingUnavailable, EmbeddingRefused */
async function embedded(
  { providers }: WriteDependencies,
  { infersColumns }: IndexEntry,
  read: Publication,
  given: Given,
  timeoutMs: () => number,
): Promise<{ given: Given; made: readonly boolean[] }> {
  const like = (documents: unknown[]) => ({ ...given, documents }) as Given;
  const check = (documents: unknown[]) => {
    if (infersColumns) firstOf(read, like(documents));
    else if (!isOfOthers(read, like(documents))) batchOf(read, like(documents));
  };
  const { documents, made } = await withVectors(read, given.documents, { providers, timeoutMs, check });
  return { given: like(documents), made };
}

function isOfOthers(published: Publication, given: Given): boolean {
  const named = "columns" in given ? given.columns.map(({ name }) => ({ [name]: null })) : given.documents;
  return namesOthers(published, named);
}

/** The columns that documents tell, and the documents with these alone. @throws BadRequest for whatever would not fit them */
function firstOf(read: Publication, given: Given): { columns: Column[]; given: Given } {
  const isStream = "columns" in given;
  const columns = isStream ? streamedColumns(read, given.columns) : inferredColumns(read, given.documents);
  const form = { ...read, columns: [...neededOf(read), ...columns] };
  const told = withoutUntold(form.columns, given);
  batchOf(form, told);
  return { columns, given: told };
}

/** @throws BadRequest */
function batchOf(form: DocumentForm, given: Given): DocumentBatch {
  if ("columns" in given) refuseOtherColumns(form, given);
  return documentBatch(form, given.documents);
}

async function refusalOfPresent(
  idColumn: string,
  documents: PastDocuments,
  batch: DocumentBatch,
): Promise<DomainError | undefined> {
  const ids = idsOf(idColumn, batch);
  const present = new Set((await documents.present(idColumn, ids)).map(String));
  if (present.size === 0) return undefined;
  const issues = ids.flatMap((id, i) =>
    present.has(String(id)) ? [{ path: `documents[${i}].${idColumn}`, message: "is there already" }] : [],
  );
  return new DomainError(
    "DocumentExists",
    `${present.size} of the documents are there already; none was written`,
    {
      issues,
    },
  );
}
