import type { BenchRun } from "../bench-run.ts";
import type { DocumentWay, DocumentWrites, WriterTimes } from "../document-results.ts";
import { medianOf } from "../percentiles.ts";
import { withTableCopy } from "../table-copy.ts";
import { ms, type Section, tableOf, times } from "./section.ts";

const index = "documents";
const size = 1_000;
const batchesInTurn = 12;
const batchesAlone = 6;
const strong = 20;
/** Writes of documents, beside LanceDB's own merge of the same into a copy of the table. */
export const documents: Section<"documents"> = {
  title: "Writes of documents",
  async measure(run) {
    await run.migrate(index, { indexType: "auto", bucket: run.bucket });
    return withTableCopy(run, index, async (uri) => {
      const upserts = await run.step("upserts in turn", () =>
        writer(run, uri, { batches: batchesInTurn, strong }),
      );
      const together: DocumentWrites["together"] = [];
      for (const count of run.options.writers)
        together.push({
          writers: count,
          ours: await run.step(`${count} writers`, () => rate(run, uri, "ours", count)),
          bare: await run.step(`${count} writers, LanceDB alone`, () => rate(run, uri, "bare", count)),
        });
      return {
        size,
        each: upserts.each ?? { ours: [], bare: [], put: [] },
        strong: upserts.strong ?? [],
        together,
      };
    });
  },
  markdown: table,
};

function writer(run: BenchRun, uri: string, more: object, begin?: () => Promise<void>): Promise<WriterTimes> {
  const { rows, dimension } = run.options;
  const storageOptions = run.store?.storageOptions ?? {};
  const input = { index, uri, storageOptions, rows, dimension, size, writer: 0, ...more };
  return run.child<WriterTimes>("documents-child.ts", input, begin);
}

/** Of so many processes that begin together. @returns rows a second */
async function rate(run: BenchRun, uri: string, way: DocumentWay, count: number) {
  const first = 1 + (way === "ours" ? 0 : count) + 2 * count;
  const begin = whenAllAre(count);
  const all = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      writer(run, uri, { batches: 1 + batchesAlone, writer: first + i, alone: way }, begin),
    ),
  );
  const took = all.flatMap((one) => (one.alone ? [one.alone] : []));
  const wallMs =
    Math.max(...took.map(({ ended }) => ended)) - Math.min(...took.map(({ started }) => started));
  const refused = took.reduce((sum, one) => sum + one.refused, 0);
  return { rowsPerSecond: (count * batchesAlone * size * 1_000) / wallMs, refused };
}

/** @returns what lets nobody through before so many wait */
function whenAllAre(count: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let waiting = 0;
  return () => {
    waiting++;
    if (waiting === count) resolve();
    return promise;
  };
}

/** What ours takes of LanceDB's time, less the one conditional write that it cannot do without. */
export function upsertRatio({ each }: DocumentWrites): number {
  return (medianOf(each.ours) - medianOf(each.put)) / medianOf(each.bare);
}

function table({ size: documents, each, strong: single, together }: DocumentWrites): string {
  const line = (label: string, ours: number, bare: number) => [label, ms(ours), ms(bare), times(ours / bare)];
  const rates = together.map(({ writers: count, ours, bare }) => [
    `${count === 1 ? "one writer" : `${count} writers`}: rows a second`,
    `${Math.round(ours.rowsPerSecond)}${refusedOf(ours.refused)}`,
    `${Math.round(bare.rowsPerSecond)}${refusedOf(bare.refused)}`,
    times(ours.rowsPerSecond / bare.rowsPerSecond),
  ]);
  return tableOf(
    [`upserts of ${documents.toLocaleString("en-US")}`, "", "LanceDB alone", "of it"],
    [
      line("one after the other, p50", medianOf(each.ours), medianOf(each.bare)),
      ["one conditional write of the store", ms(medianOf(each.put)), "", ""],
      ...rates,
      ["one document, p50", ms(medianOf(single.map(({ write }) => write))), "", ""],
      ["then the first strong search, p50", ms(medianOf(single.map(({ search }) => search))), "", ""],
      ["found by it", `${single.filter(({ isFound }) => isFound).length} of ${single.length}`, "", ""],
    ],
  );
}

const refusedOf = (refused: number) => (refused === 0 ? "" : ` (${refused} sent again)`);
