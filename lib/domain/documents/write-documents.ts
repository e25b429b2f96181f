import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { DomainError } from "../errors.ts";
import type { Publication } from "../index/index-entry.ts";
import { publishedOf } from "../index/published.ts";
import { validate } from "../validate.ts";
import { type DocumentForm, documentBatch, idsOf } from "./document-batch.ts";
import type { DocumentBatch, PastDocuments, StreamedDocuments } from "./document-tables.ts";
import type { Written } from "./receipts.ts";
import { refuseOtherColumns } from "./streamed-columns.ts";
import { isOtherForm, namesOthers, tableForm } from "./table-form.ts";
import { inTurn, type WriteDependencies } from "./write-turn.ts";
import type { KeyedWrite } from "./write-turns.ts";

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
 * @throws BadRequest with every problem of every document, DocumentExists naming ids, ColumnsChanged where another client has
 * taken columns away, and what `inTurn` throws
 */
export async function writeDocuments(
  deps: WriteDependencies,
  request: DocumentsBody & { index: string; mode: WriteMode; keyed: KeyedWrite | undefined },
  timeoutMs: number,
): Promise<Written> {
  const { index, mode, documents: sent, keyed } = request;
  const given = sent instanceof Uint8Array ? deps.documents.streamed(sent) : { documents: sent };
  const read = publishedOf((await deps.registry.get(index)).value);
  const early = isOfOthers(read, given) ? undefined : batchOf(read, given); // refused before anybody waits for it
  let batch: DocumentBatch = early ?? { columns: [], rows: [] };
  let { idColumn } = read;
  return inTurn(
    deps,
    index,
    {
      keyed,
      grows: true,
      fit: (published, documents) => {
        const form = tableForm(published, documents);
        idColumn = form.idColumn;
        batch = early && !isOtherForm(read, form) ? early : batchOf(form, given);
      },
      ...(mode === "insert" ? { refuse: (documents) => refusalOfPresent(idColumn, documents, batch) } : {}),
      commit: (documents) => documents.upsert(idColumn, batch),
      isIn: (documents) => documents.holds(idColumn, batch),
    },
    timeoutMs,
  );
}

/** Documents, with their columns where a stream told them. */
type Given = Pick<StreamedDocuments, "columns" | "documents"> | { documents: unknown[] };

function isOfOthers(published: Publication, given: Given): boolean {
  const named = "columns" in given ? given.columns.map(({ name }) => ({ [name]: null })) : given.documents;
  return namesOthers(published, named);
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
