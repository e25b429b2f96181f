import type { RowSums } from "./verify/row-sums.ts";
import { verifyIndex } from "./verify/verify-index.ts";

/** `npm run verify -- <index> [source]`: are the rows that are served those of the Parquet they were made of? */
const [index, source] = process.argv.slice(2);
if (!index) {
  console.error("npm run verify -- <index> [bucket/key of its Parquet files]");
  process.exit(2);
}

try {
  const { ref, sourceName, files, ...found } = await verifyIndex(index, source);
  const width = Math.max(sourceName.length, `${ref.index} ${ref.generation}`.length);
  const line = (name: string, { rows, checksum }: RowSums) =>
    `${name.padEnd(width)}  ${rows.toLocaleString("en")} rows  ${checksum}`;
  console.log(`${line(sourceName, found.source)}  ${files} files`);
  console.log(line(`${ref.index} ${ref.generation}`, found.index));
  for (const { kind, ids, examples } of found.differences)
    console.log(`${found.complete ? "" : "at least "}${ids} ids ${kind}: ${examples.join(", ")}`);
  console.log(found.equal ? "equal" : "different");
  process.exitCode = found.equal ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
