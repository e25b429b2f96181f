import { neededColumns } from "../index/column-changes.ts";
import type { Column, GenerationRef, Publication } from "../index/index-entry.ts";
import type { IndexRegistry } from "../index/index-registry.ts";
import type { OpenDocuments } from "./document-tables.ts";
import type { OwnTurn } from "./write-turns.ts";

/** The columns that an index has before any document told others. */
export function neededOf(published: Publication): Column[] {
  const needed = namesOfNeeded(published);
  return published.columns.filter(({ name }) => needed.includes(name));
}

/** Texts of which vectors are made are among them. */
const namesOfNeeded = (published: Publication) => [
  ...neededColumns(published),
  ...(published.embedding ? [published.embedding.column] : []),
];

/** What is published of an index whose columns its first documents tell: a job may have published what counts for nothing. */
export const bare = (published: Publication): Publication => ({
  ...published,
  columns: neededOf(published),
});

/**
 * The table of such an index, with these columns where it has no documents: whoever told others before and died left none.
 * Where it has some, its columns stand.
 */
export async function shaped(
  own: OwnTurn,
  published: Publication,
  documents: OpenDocuments,
  columns: Column[] | undefined,
): Promise<OpenDocuments> {
  if (!columns || !(await documents.isEmpty())) return documents;
  await own.permit();
  try {
    return await documents.shape(namesOfNeeded(published), columns);
  } catch (error) {
    own.abandon(); // it may still be under way
    throw error;
  }
}

/** Publishes them, when there are documents. Where that fails the next write does it: what was committed stands. */
export async function tellColumns(
  registry: IndexRegistry,
  { index, generation }: GenerationRef,
  columns: Column[],
): Promise<void> {
  await registry
    .update(index, ({ published, infersColumns }) =>
      published?.generation === generation && infersColumns
        ? { infersColumns: undefined, published: { ...published, columns } }
        : undefined,
    )
    .catch(() => undefined);
}
