import type { z } from "zod";
import { limits } from "../../config/limits.ts";
import type { Providers } from "../embedding/providers.ts";
import type { ErrorKind } from "../error-table.ts";
import { badRequest, DomainError, type Issue } from "../errors.ts";
import type { Publication } from "../index/index-entry.ts";
import { publishedOf } from "../index/published.ts";
import type { Filter } from "../values/filter.ts";
import type { StoredValue } from "../values/stored-value.ts";
import { type DocumentForm, documentPatch, idsOf, samePatch, storedId, storedSet } from "./document-batch.ts";
import type { DocumentPatch, PastDocuments } from "./document-tables.ts";
import { withoutMade, withVectors } from "./embed-documents.ts";
import type { onePatch, patchRequest } from "./patch-request.ts";
import type { Written } from "./receipts.ts";
import { fittingFilter } from "./request-filters.ts";
import type { KeyedWrite } from "./stored-turn.ts";
import { isAboutOthers, isOtherForm, namesOthers, tableForm } from "./table-form.ts";
import { inTurn, type WriteDependencies } from "./write-turn.ts";

/** Of one document by its id, or of many. */
export type AskedPatch = ({ docId: string } & z.output<typeof onePatch>) | z.output<typeof patchRequest>;

type AskedVersion = NonNullable<AskedPatch["ifVersion"]>;

/**
 * Changes columns of documents in one commit, all or none; other columns keep their values.
 * @throws BadRequest with every problem, DocumentNotFound and ConditionFailed naming ids, EmbeddingMismatch, EmbeddingUnavailable and
 * EmbeddingRefused, ColumnsChanged where another client has taken columns away, and what `inTurn` throws
 */
export async function patchDocuments(
  deps: WriteDependencies,
  index: string,
  sent: AskedPatch,
  keyed: KeyedWrite | undefined,
  timeoutMs: number,
): Promise<Written> {
  const ends = performance.now() + timeoutMs;
  const left = () => ends - performance.now();
  const read = publishedOf((await deps.registry.get(index)).value);
  const answered = read.embedding && keyed && (await deps.receipts.answer(index, keyed));
  if (answered) return answered; // and nothing is embedded for it
  const { asked, made } = await embeddedPatch(deps.providers, read, sent, left);
  const early = isOfOthers(read, asked) ? undefined : changeOf(read, asked); // refused before anybody waits for it
  let change = early ?? nothing;
  let published = read;
  const isDry = "dryRun" in asked && asked.dryRun;
  return inTurn(
    deps,
    index,
    {
      keyed: isDry ? undefined : keyed,
      grows: !isDry,
      fit: (now, documents) => {
        const form = tableForm(now, documents);
        change = early && !isOtherForm(read, form) ? early : changeOf(form, asked);
        published = form;
      },
      refuse: async (documents) =>
        refusalOfVersion({ ...published, version: documents.version }, asked.ifVersion) ??
        change.refuse(documents),
      commit: async (documents) => {
        const patch = await change.patch(documents);
        const updated = patch.rows.length;
        if (isDry || updated === 0) return { version: documents.version, inserted: 0, updated, deleted: 0 };
        return documents.change(published.idColumn, patch);
      },
      isIn: async (documents) => {
        const patch = withoutMade(await change.patch(documents), read.vectorColumn, made);
        return documents.holds(published.idColumn, patch);
      },
    },
    left(),
  );
}

/**
 * Of an index with an embedding provider, a patch that sets a text sets the vector that is made of it, unless it brings one.
 * @throws BadRequest, EmbeddingMismatch, EmbeddingUnavailable, EmbeddingRefused
 */
async function embeddedPatch(
  providers: Providers,
  read: Publication,
  asked: AskedPatch,
  timeoutMs: () => number,
): Promise<{ asked: AskedPatch; made: readonly boolean[] }> {
  if ("dryRun" in asked && asked.dryRun) return { asked, made: [] };
  const many = "documents" in asked && asked.documents;
  if (!many && !("docId" in asked)) return { asked, made: [] };
  const like = (documents: unknown[]) =>
    (many ? { ...asked, documents } : { ...asked, set: documents[0] }) as AskedPatch;
  const { documents, made } = await withVectors(read, many || [asked.set], {
    ...{ providers, timeoutMs, isPatch: true },
    ...(many ? {} : { pathOf: () => "set" }),
    check: (filled) => {
      if (!isOfOthers(read, like(filled))) changeOf(read, like(filled));
    },
  });
  return { asked: like(documents), made };
}

/** What is asked for, as the columns of what is published hold it. */
interface Change {
  /** @returns why nothing is changed of the documents as they are */
  refuse(documents: PastDocuments): Promise<DomainError | undefined>;
  patch(documents: PastDocuments): Promise<DocumentPatch>;
}

const nothing: Change = {
  refuse: async () => undefined,
  patch: async () => ({ columns: [], rows: [] }),
};

/** Whether it is about columns that are not published. */
function isOfOthers(published: Publication, asked: AskedPatch): boolean {
  const documents = ("documents" in asked && asked.documents) || [];
  const filter = "filter" in asked ? asked.filter : undefined;
  return (
    namesOthers(published, [asked.set, ...documents]) ||
    [asked.if, filter].some((one) => isAboutOthers(published, one))
  );
}

function changeOf(published: Publication & DocumentForm, asked: AskedPatch): Change {
  const condition = asked.if && fittingFilter(published, asked.if, "if");
  if ("docId" in asked) {
    const { docId, set } = asked;
    const patch = samePatch(published, [storedId(published, docId, "docId")], storedSet(published, set));
    return changeById(published, patch, condition, () => "docId");
  }
  if (asked.documents) {
    const patch = documentPatch(published, asked.documents);
    return changeById(published, patch, condition, (i) => `documents[${i}].${published.idColumn}`);
  }
  return changeByFilter(published, asked.filter as Filter, asked.set ?? {});
}

function changeById(
  published: Publication,
  patch: DocumentPatch,
  condition: Filter | undefined,
  pathOf: (row: number) => string,
): Change {
  const { idColumn } = published;
  const ids = idsOf(idColumn, patch);
  const most = mostChanged(published);
  if (ids.length > most) throw badRequest({ path: "documents", message: tooMany(ids.length, most) });
  const lacking = async (documents: PastDocuments, filter?: Filter): Promise<Issue[]> => {
    const present = new Set((await documents.present(idColumn, ids, filter)).map(String));
    const message = filter ? "does not match `if`" : "is the id of no document";
    return ids.flatMap((id, i) => (present.has(String(id)) ? [] : [{ path: pathOf(i), message }]));
  };
  return {
    refuse: async (documents) =>
      refusal("DocumentNotFound", "are not there", await lacking(documents)) ??
      (condition && refusal("ConditionFailed", "do not match `if`", await lacking(documents, condition))),
    patch: async () => patch,
  };
}

function changeByFilter(published: Publication, filter: Filter, set: Record<string, unknown>): Change {
  const { idColumn, vectorColumn } = published;
  const which = fittingFilter(published, filter);
  const values: Map<string, StoredValue> = storedSet(published, set);
  if (values.has(vectorColumn))
    throw badRequest({ path: `set.${vectorColumn}`, message: "is the vector, which is set by id" });
  const { embedding } = published;
  if (embedding && values.has(embedding.column))
    throw badRequest({
      path: `set.${embedding.column}`,
      message: "is the text of which the vector is made, and is set by id",
    });
  const most = mostChanged(published);
  return {
    refuse: async (documents) => {
      const count = await documents.count(which);
      return count > most ? badRequest({ path: "filter", message: tooMany(count, most) }) : undefined;
    },
    patch: async (documents) => samePatch(published, await documents.ids(idColumn, which, most), values),
  };
}

/** Documents are read with their vectors, and written as a whole. */
const mostChanged = ({ dimension }: Publication) =>
  Math.min(limits.maxChangedDocuments, Math.floor(limits.maxChangedVectorBytes / (4 * dimension)));

const tooMany = (count: number, most: number) =>
  `takes ${count} documents, of which ${most} can be changed at once; change them in parts, by a range of ids, say`;

function refusal(kind: ErrorKind, what: string, issues: Issue[]): DomainError | undefined {
  if (issues.length === 0) return undefined;
  return new DomainError(kind, `${issues.length} of the documents ${what}; none was changed`, { issues });
}

/** Versions of another generation do not compare: it may have taken many writes in one. */
function refusalOfVersion(now: AskedVersion, asked: AskedVersion | undefined): DomainError | undefined {
  if (!asked || (now.generation === asked.generation && now.version <= asked.version)) return undefined;
  const { generation, version } = now;
  return new DomainError(
    "ConditionFailed",
    `the index is at version ${version} of generation ${generation}, which ifVersion does not name; nothing was changed`,
  );
}
