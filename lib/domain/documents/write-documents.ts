import { z } from "zod";
import { limits } from "../../config/limits.ts";
import { DomainError } from "../errors.ts";
import { publishedOf } from "../index/published.ts";
import { documentBatch, idsOf } from "./document-batch.ts";
import type { DocumentBatch, PastDocuments } from "./document-tables.ts";
import type { Written } from "./receipts.ts";
import { isOtherForm, namesOthers, tableForm } from "./table-form.ts";
import { inTurn, type WriteDependencies } from "./write-turn.ts";
import type { KeyedWrite } from "./write-turns.ts";

export const writeMode = z.enum(["upsert", "insert"]).meta({
  description:
    "upsert: a document whose id is there is replaced. insert: it is refused, with all others of the request",
});
export type WriteMode = z.infer<typeof writeMode>;

export const documentsRequest = z
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

/**
 * Writes documents in one commit, all or none.
 * @throws BadRequest with every problem of every document, DocumentExists naming ids, ColumnsChanged where another client has
 * taken columns away, and what `inTurn` throws
 */
export async function writeDocuments(
  deps: WriteDependencies,
  request: { index: string; mode: WriteMode; documents: unknown[]; keyed: KeyedWrite | undefined },
  timeoutMs: number,
): Promise<Written> {
  const { index, mode, documents: given, keyed } = request;
  const read = publishedOf((await deps.registry.get(index)).value);
  const early = namesOthers(read, given) ? undefined : documentBatch(read, given); // refused before anybody waits for it
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
        batch = early && !isOtherForm(read, form) ? early : documentBatch(form, given);
      },
      ...(mode === "insert" ? { refuse: (documents) => refusalOfPresent(idColumn, documents, batch) } : {}),
      commit: (documents) => documents.upsert(idColumn, batch),
      isIn: (documents) => documents.holds(idColumn, batch),
    },
    timeoutMs,
  );
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
