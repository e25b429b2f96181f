import { digestOf, RowSums } from "./row-sums.ts";
import type { RowBatch } from "./rows.ts";

/** Rows that can be read again from the start. */
export type Rows = () => AsyncIterable<RowBatch>;

/** How a row of one side is not as on the other. */
export type DifferenceKind = "missing" | "doubled" | "changed" | "not in the source";

export interface Comparison {
  equal: boolean;
  source: RowSums;
  index: RowSums;
  /** How many ids differ in each way, of the parts that were looked at, and up to ten of them. */
  differences: { kind: DifferenceKind; ids: number; examples: string[] }[];
  /** Whether all that differs was looked at. */
  complete: boolean;
}

const maxExamples = 10;
/** Of both sides, that are held in memory to tell how they differ. */
const maxRowsHeld = 500_000;

/** Reads both sides once; where they differ, again for the rows that are to blame. */
export async function compareRows(source: Rows, index: Rows): Promise<Comparison> {
  const sums = { source: await RowSums.of(source()), index: await RowSums.of(index()) };
  const differing = sums.source.differing(sums.index);
  if (differing.length === 0) return { equal: true, ...sums, differences: [], complete: true };
  const looked = partsToHold(differing);
  const held = [await rowsIn(looked, source()), await rowsIn(looked, index())] as const;
  const complete = looked.size === differing.length;
  return { equal: false, ...sums, differences: differencesOf(...held), complete };
}

/** At least one, then as many as memory is meant to hold. */
function partsToHold(differing: { part: number; rows: number }[]): Set<number> {
  const looked = new Set<number>();
  let held = 0;
  for (const { part, rows } of differing) {
    if (looked.size > 0 && held + rows > maxRowsHeld) break;
    looked.add(part);
    held += rows;
  }
  return looked;
}

/** Digests of the rows of some parts, by id. */
async function rowsIn(looked: Set<number>, batches: AsyncIterable<RowBatch>): Promise<Map<string, bigint[]>> {
  const held = new Map<string, bigint[]>();
  for await (const batch of batches)
    for (let row = 0; row < batch.rows; row++) {
      const id = batch.id(row);
      const { part, high } = digestOf(id, batch.vector(row));
      if (!looked.has(part)) continue;
      const known = held.get(String(id));
      if (known) known.push(high);
      else held.set(String(id), [high]);
    }
  return held;
}

function differencesOf(source: Map<string, bigint[]>, index: Map<string, bigint[]>) {
  const found = new Map<DifferenceKind, { ids: number; examples: string[] }>();
  for (const id of new Set([...source.keys(), ...index.keys()])) {
    const kind = differenceOf(source.get(id) ?? [], index.get(id) ?? []);
    if (!kind) continue;
    const { ids = 0, examples = [] } = found.get(kind) ?? {};
    found.set(kind, { ids: ids + 1, examples: [...examples, id].slice(0, maxExamples) });
  }
  return Array.from(found, ([kind, counted]) => ({ kind, ...counted }));
}

function differenceOf(source: bigint[], index: bigint[]): DifferenceKind | undefined {
  if (index.length < source.length) return "missing";
  if (source.length === 0) return "not in the source";
  if (index.length > source.length) return "doubled";
  return String(source.toSorted()) === String(index.toSorted()) ? undefined : "changed";
}
