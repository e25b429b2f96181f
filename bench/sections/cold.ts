import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { BenchRun } from "../bench-run.ts";
import { cache, freshQueries, setsFolder } from "../bench-set.ts";
import { runChild } from "../child.ts";
import { type ColdStarts, type ColdSteps, coldStarts } from "../cold-start.ts";
import { medianOf } from "../percentiles.ts";
import { ms, type Section, tableOf, times } from "./section.ts";

const index = "cold";
const leastRounds = 9;

/** First answers of fresh processes on the object store: the bundled function's, and those of LanceDB alone. */
export const cold: Section<"cold"> = {
  title: "Cold starts on the object store",
  async measure(run) {
    const environment = await lakehouseOnStore(run);
    const input = { index, source: await run.source(), indexType: "auto" };
    await run.step("cold: migrate", () => runChild("migrate-child.ts", input, environment));
    const vectors = (await freshQueries(2, run.options.dimension)).map((vector) => [...vector]);
    const rounds = Math.max(leastRounds, run.options.rounds);
    const { storageOptions = {} } = run.store ?? {};
    return run.step("cold starts", () => coldStarts({ environment, storageOptions, index, vectors, rounds }));
  },
  markdown({ bare, bundled }) {
    const rows = (Object.keys(bare[0] ?? {}) as (keyof ColdSteps)[]).map((step) => {
      const [one, other] = [medianStep(bare, step), medianStep(bundled, step)];
      return [step, shown(other), shown(one), one && other ? times(other / one) : ""];
    });
    const header = [`medians of ${bare.length}`, "bundled handler", "bare LanceDB", "handler / bare"];
    return tableOf(header, rows);
  },
};

/** Of the whole first answer. */
export function coldRatio({ bare, bundled }: ColdStarts): number {
  return medianStep(bundled, "total") / medianStep(bare, "total");
}

const medianStep = (starts: ColdSteps[], step: keyof ColdSteps) =>
  medianOf(starts.map((start) => start[step]));
const shown = (value: number) => (value ? ms(value) : "");

/** Of its own, whose registry lies on the store, too: a cold start asks it first. */
export async function lakehouseOnStore({ store }: Pick<BenchRun, "store">): Promise<Record<string, string>> {
  if (!store) throw new Error("cold starts are measured with --stack");
  const toml = resolve(join(cache, "cold-lakehouse.toml"));
  const primary = `name = "primary"\nbackend = "s3"\nbucket = "bench"\nprefix = "cold"\ncredentials = "minio"\n`;
  const sets = `name = "sets"\npath = ${JSON.stringify(resolve(setsFolder))}\nread_only = true\n`;
  await writeFile(toml, `[[storage.buckets]]\n${primary}\n[[storage.buckets]]\n${sets}`);
  return { ...store.environment, LAKEHOUSE_TOML: toml, DATA_ROOT: "", RUST_LOG: "error" };
}
