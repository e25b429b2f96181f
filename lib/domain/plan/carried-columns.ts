import { DomainError, type Issue, summaryOf } from "../errors.ts";
import type { ColumnChoice } from "../jobs/job.ts";
import { listed } from "../listed.ts";
import { chooseColumns } from "../source/choose-columns.ts";
import type { SourceFile } from "../source/source-layout.ts";

/** The files with the chosen columns alone. */
export function withChosenColumns<File extends SourceFile>(files: File[], choice: ColumnChoice): File[] {
  const isChosen = chosenBy(choice);
  return files.map((file) => {
    const columns = file.footer.columns.filter(({ name }) => isChosen(name));
    return { ...file, footer: { ...file.footer, columns } };
  });
}

function chosenBy({ include, exclude }: ColumnChoice): (name: string) => boolean {
  const [included, excluded] = [include && new Set(include), new Set(exclude)];
  return (name) => (included?.has(name) ?? true) && !excluded.has(name);
}

/**
 * @param partitions columns that directories tell
 * @throws SourceInvalid for names that no file has, with those there are, and where the id or vector column is left out
 */
export function refuseWrongChoice(
  files: SourceFile[],
  choice: ColumnChoice,
  told: { idColumn?: string; vectorColumn?: string },
  partitions: string[],
): void {
  const inFiles = files.flatMap(({ footer }) => footer.columns.map(({ name }) => name));
  const known = new Set([...inFiles, ...partitions]);
  const unknown = [...unknownIn("include", choice, known), ...unknownIn("exclude", choice, known)];
  const issues = unknown.length > 0 ? unknown : leftOut(files, chosenBy(choice), told);
  if (issues.length > 0) throw new DomainError("SourceInvalid", summaryOf(issues), { issues });
}

function unknownIn(list: "include" | "exclude", choice: ColumnChoice, known: Set<string>): Issue[] {
  return (choice[list] ?? []).flatMap((name, i) =>
    known.has(name)
      ? []
      : [{ path: `columns.${list}[${i}]`, message: `no file has it; there are: ${listed([...known])}` }],
  );
}

/** Of the columns that would be taken for the id and the vector, were nothing left out. */
function leftOut(
  files: SourceFile[],
  isChosen: (name: string) => boolean,
  told: { idColumn?: string; vectorColumn?: string },
): Issue[] {
  const needed = neededColumns(files, told);
  return Object.entries(needed ?? {}).flatMap(([field, name]) =>
    isChosen(name)
      ? []
      : [{ path: "columns", message: `leave out "${name}", which is needed; name another with ${field}` }],
  );
}

/** Undefined where it is not plain which they are: what is left may make it so. */
function neededColumns(files: SourceFile[], told: { idColumn?: string; vectorColumn?: string }) {
  try {
    const { id, vector } = chooseColumns(files, told);
    return { idColumn: id.name, vectorColumn: vector.name };
  } catch (error) {
    if (error instanceof DomainError) return undefined;
    throw error;
  }
}
