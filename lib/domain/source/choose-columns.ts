import type { ChosenColumn, ChosenColumns } from "../index/index-entry.ts";
import { listed, visible } from "../listed.ts";
import { holdsSeveralVectors, noSeveralVectors } from "../values/several-vectors.ts";
import { idFormOf } from "./id-forms.ts";
import type { SourceColumn } from "./parquet-source.ts";
import { invalidSource, type SourceFile } from "./source-layout.ts";

/** What a column can be needed for, and which names say that one is meant for it. */
interface Role {
  name: "id" | "vector";
  kind: string;
  fits(column: SourceColumn): boolean;
  known: RegExp;
  /** Names that say so where no column has one of the known. */
  weak: RegExp;
  /** Names that may say so: a column is not taken for one of them, but it makes others less plain. */
  likely: RegExp;
  /** Whether a column of such a name that does not fit may have been meant all the same. */
  isMeant(column: SourceColumn): boolean;
  /** Whether it is plain that a column is meant which is the only one that fits. */
  isPlain(column: SourceColumn): boolean;
}

const idRole: Role = {
  name: "id",
  kind: "a string, integer, UUID or fixed-size binary",
  fits: (column) => idFormOf(column) !== undefined,
  known: /^(doc[_-]?id|_?id|uuid)$/i,
  weak: /^key$/i,
  likely: /[_ -]([iI][dD]|uuid|guid|key)$|[a-z](Id|ID|Uuid|UUID)$/,
  isMeant: () => true,
  // a number may as well count or classify, whose rows would be taken for the same document
  isPlain: (column) => idFormOf(column) !== "integer" || idRole.likely.test(column.name),
};

const vectorRole: Role = {
  name: "vector",
  kind: "a list, fixed-size list or binary of floats",
  fits: ({ vector }) => vector !== undefined,
  known: /^(vector|embeddings?|emb)$/i,
  weak: /^values$/i,
  likely: /(?!)/,
  isMeant: ({ type }) => /List|Struct|Map|Binary/.test(type),
  isPlain: () => true,
};

/** A column of the source: what it is, once for every form that it has in some file. */
interface NamedColumn {
  name: string;
  forms: { file: string; column: SourceColumn }[];
}

/** What columns are chosen from. */
interface Choice {
  role: Role;
  file: string;
  candidates: NamedColumn[];
  all: NamedColumn[];
}

/**
 * The id and the vector column: those the job tells, else those whose names say so, else the only ones that fit, in all
 * files. Where that is not plain the job has to tell: a wrong id would make one document of many.
 * @throws SourceInvalid naming the columns that could be meant
 */
export function chooseColumns(
  files: SourceFile[],
  told: { idColumn?: string; vectorColumn?: string },
): ChosenColumns {
  const all = columnsIn(files);
  const file = files[0]?.key ?? "";
  refuseSeveralVectors(all, told.vectorColumn);
  const forVector = all.filter(
    ({ name }) => name !== told.idColumn && (told.vectorColumn || !isCalledId(name)),
  );
  const candidates = told.vectorColumn ? forVector : withoutCounts(forVector);
  const vector = chosen({ role: vectorRole, file, candidates, all }, told.vectorColumn);
  const forId = all.filter((one) => one.name !== vector.name && (told.idColumn || !isAnyBinary(one)));
  const id = chosen({ role: idRole, file, candidates: forId, all }, told.idColumn);
  for (const one of all.filter(({ name }) => name === id.name)) refuseMixed(one);
  return { vector, id };
}

/** @throws SourceInvalid where the column that is told, or the only one that is like a vector, holds several a row */
function refuseSeveralVectors(all: NamedColumn[], told: string | undefined): void {
  const isMeant = ({ name }: NamedColumn) => (told === undefined ? !all.some(isVector) : name === told);
  for (const one of all)
    for (const { file, column } of one.forms)
      if (holdsSeveralVectors(column.type) && isMeant(one))
        throw invalidSource(file, `is ${column.type}: ${noSeveralVectors}`, `column ${visible(one.name)}`);
}

const isVector = (one: NamedColumn) => fits(vectorRole, one) && !isCalledId(one.name);

/** A list of integers is mostly no vector: only where it is called one. */
function withoutCounts(columns: NamedColumn[]): NamedColumn[] {
  const isCounts = ({ forms }: NamedColumn) => forms.some(({ column }) => column.vector?.integers);
  const hasFloats = columns.some((one) => fits(vectorRole, one) && !isCounts(one));
  return columns.filter(
    (one) =>
      !isCounts(one) || vectorRole.known.test(one.name) || (vectorRole.weak.test(one.name) && !hasFloats),
  );
}

/** @throws SourceInvalid for an id that is written as hex in one file and in another way in another */
function refuseMixed({ name, forms }: NamedColumn): void {
  const [first, ...others] = forms;
  const isHex = forms.some(({ column }) => column.fixedBinary === "any");
  const other = others.find(({ column }) => column.fixedBinary !== first?.column.fixedBinary);
  if (!first || !other || !isHex) return;
  const types = `is ${shownType(other.column)}, in ${first.file} it is ${shownType(first.column)}`;
  throw invalidSource(other.file, `${types}: the same id would be two`, `column ${name}`);
}

const isCalledId = (name: string) =>
  [idRole.known, idRole.weak, idRole.likely].some((names) => names.test(name));

/** Bytes of a fixed size can be either: an id where they are called so. */
const isAnyBinary = ({ name, forms }: NamedColumn) =>
  !isCalledId(name) && forms.some(({ column }) => column.fixedBinary === "any");

function columnsIn(files: SourceFile[]): NamedColumn[] {
  const byName = new Map<string, Map<string, NamedColumn["forms"][number]>>();
  for (const { key, footer } of files)
    for (const column of footer.columns) {
      const forms = byName.get(column.name) ?? new Map();
      const form = `${shownType(column)} ${column.vector?.layout}`;
      if (!forms.has(form)) forms.set(form, { file: key, column });
      byName.set(column.name, forms);
    }
  return [...byName].map(([name, forms]) => ({ name, forms: [...forms.values()] }));
}

function chosen(choice: Choice, told: string | undefined): ChosenColumn {
  if (told === undefined) return found(choice);
  const { role, file, candidates, all } = choice;
  const [column] = candidates.filter(({ name }) => name === told);
  if (column && fits(role, column)) return { name: told, why: "told by the job" };
  const why = all.some(({ name }) => name === told)
    ? `column "${visible(told)}" is not ${role.kind}`
    : `has no column "${visible(told)}"`;
  throw invalidSource(file, `${why}; it has: ${shown(all)}`);
}

function found(choice: Choice): ChosenColumn {
  const { role, candidates } = choice;
  const known = meant(role, candidates, role.known);
  const doubtful = known.length > 0 ? known : meant(role, candidates, role.likely);
  for (const column of doubtful) refuseMisfit(choice, column);
  const why = `named like ${called[role.name]}`;
  if (known.length > 0) return theOne(choice, known, why);
  const fitting = candidates.filter((one) => fits(role, one));
  const weak = fitting.filter(({ name }) => role.weak.test(name));
  if (weak.length > 0) return theOne(choice, [...weak, ...doubtful], why);
  const only = theOne(choice, fitting, `the only column that can be ${called[role.name]}`);
  refuseDoubtful(choice, fitting);
  return only;
}

const called = { id: "an id", vector: "a vector" };

/** Columns of such a name that are, or may be meant to be, what is looked for. */
function meant(role: Role, columns: NamedColumn[], names: RegExp): NamedColumn[] {
  const isMeant = ({ column }: NamedColumn["forms"][number]) => role.fits(column) || role.isMeant(column);
  return columns.filter(({ name, forms }) => names.test(name) && forms.every(isMeant));
}

const fits = (role: Role, { forms }: NamedColumn) => forms.every(({ column }) => role.fits(column));

function theOne({ role, file, all }: Choice, columns: NamedColumn[], why: string): ChosenColumn {
  const [only, ...others] = columns;
  const told = `name it with ${role.name}Column`;
  const has = `It has: ${shown(all)}`;
  if (!only) throw invalidSource(file, `has no ${role.name} column (${role.kind}); ${told}. ${has}`);
  if (others.length === 0) return { name: only.name, why };
  const several = `more than one could be the ${role.name} column: ${shown(columns)}`;
  throw invalidSource(file, `${several}; ${told}. ${has}`);
}

/** @throws SourceInvalid for a column that is called what it cannot be, in the file where it cannot */
function refuseMisfit({ role, candidates }: Choice, { name, forms }: NamedColumn): void {
  const misfit = forms.find(({ column }) => !role.fits(column));
  if (!misfit) return;
  const others = candidates.filter((one) => fits(role, one));
  const could = others.length > 0 ? `; these could be: ${shown(others)}` : "";
  throw invalidSource(
    misfit.file,
    `column "${visible(name)}" (${shownType(misfit.column)}) is named like ${called[role.name]} and is not ${role.kind}; tell which column is with ${role.name}Column${could}`,
  );
}

/** @throws SourceInvalid for an only column of which nothing says that it is meant */
function refuseDoubtful({ role, file, all }: Choice, [only]: NamedColumn[]): void {
  if (!only || only.forms.every(({ column }) => role.isPlain(column))) return;
  throw invalidSource(
    file,
    `column ${shown([only])} alone could be the ${role.name} column, but is not named like ${called[role.name]}; tell which column is with ${role.name}Column. It has: ${shown(all)}`,
  );
}

const shown = (columns: NamedColumn[]) =>
  listed(
    columns.map(
      ({ name, forms }) => `${name} (${forms.map(({ column }) => shownType(column)).join(" or ")})`,
    ),
  );

/** As the file has it where that tells more than how it is stored. */
const shownType = ({ type, fixedBinary }: SourceColumn) =>
  fixedBinary === "uuid" ? "UUID" : fixedBinary === "any" ? "fixed-size binary" : type;
