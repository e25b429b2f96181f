import { emptyLakehouse } from "./bench-lakehouse.ts";
import { type BenchOptions, isOnStore, readOptions } from "./bench-options.ts";
import { BenchRun } from "./bench-run.ts";
import { type BenchStore, withStore } from "./bench-store.ts";
import { machine } from "./machine.ts";
import { markdownReport, resultSoFar, writeReport } from "./report.ts";
import type { BenchResult, Figures, SectionName } from "./results.ts";
import type { Section } from "./sections/section.ts";
import { sections } from "./sections/sections.ts";

/**
 * `npm run bench` measures on a local folder, `-- --stack` on MinIO, `-- --s3-like` there with the latency of S3, `-- --vs
 * pylance` beside pylance, with `--stack` both on MinIO. Each section is written as soon as it is there; `--sections a,b` repeats some of them and
 * keeps the others.
 */
const options = readOptions();
const isKept = options.report === "s3-like"; // its tables take minutes to load
await (isOnStore(options) ? withStore((store) => bench(options, store), isKept) : bench(options));

async function bench({ sections: names, report, out, ...rest }: BenchOptions, store?: BenchStore) {
  const environment = await emptyLakehouse(store?.environment);
  const run = new BenchRun({ sections: names, report, out, ...rest }, environment, store);
  const result = resultSoFar(out, report);
  for (const name of names) await measure(run, name, result);
  console.log(`\n${markdownReport(result)}`);
}

async function measure<K extends SectionName>(run: BenchRun, name: K, result: BenchResult): Promise<void> {
  const { rows, dimension, queries, out } = run.options;
  const keep = async (figures: Figures[K]) => {
    const on = { rows, dimension, queries, machine: machine() };
    Object.assign(result.sections, { [name]: { on, figures } });
    await writeReport(out, result);
  };
  const section = sections[name] as Section<K>;
  await keep(await section.measure(run, keep));
}
