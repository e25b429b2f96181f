import { setTimeout as sleep } from "node:timers/promises";
import { container } from "../lib/container.ts";
import { writeDocuments } from "../lib/domain/documents/write-documents.ts";
import { type MixedWrites, mixedVectors, mixedWrite } from "./mixed-writes.ts";

/** Writes documents one by one, and tells of each that it is acknowledged, until it is ended; the jobs that writes set off run here, too. */
const { index, rows, aSecond } = JSON.parse(process.argv[2] ?? "{}") as MixedWrites;
const vectors = await mixedVectors(rows);
process.send?.("ready");
for (let n = 0; ; n++) {
  const started = performance.now();
  const { place, document } = mixedWrite(n, rows, vectors);
  await writeDocuments(
    container(),
    { index, mode: "upsert", documents: [document], keyed: undefined },
    30_000,
  );
  process.send?.({ n, place });
  await sleep(Math.max(0, 1_000 / aSecond - (performance.now() - started)));
}
