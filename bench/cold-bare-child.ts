import { answerParent } from "./child.ts";
import type { BareTable, ColdSteps } from "./cold-start.ts";

/** The same first answers from LanceDB alone: nothing looks up what is published, checks a request or makes JSON. */
async function cold(input: BareTable & { vectors: number[][] }): Promise<ColdSteps> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  const { connect } = await import("@lancedb/lancedb");
  const imported = performance.now();
  const connection = await connect(input.uri, { storageOptions: input.storageOptions });
  const table = await connection.openTable(input.table);
  const opened = performance.now();
  const search = (vector: number[] = []) => {
    let query = table
      .query()
      .nearestTo(vector)
      .column(input.vectorColumn)
      .distanceType(input.metric)
      .limit(10);
    const { nprobes, refineFactor, ef } = input.settings;
    if (nprobes !== undefined) query = query.nprobes(nprobes);
    if (refineFactor !== undefined) query = query.refineFactor(refineFactor);
    if (ef !== undefined) query = query.ef(ef);
    return query.select(["doc_id", "chunk_text", "_distance"]).toArray();
  };
  await search(input.vectors[0]);
  const answered = performance.now();
  const { user, system } = process.cpuUsage(cpu);
  await search(input.vectors[1]);
  return {
    import: imported - started,
    container: 0,
    registry: 0,
    open: opened - imported,
    search: answered - opened,
    total: answered - started,
    cpu: (user + system) / 1_000,
    second: performance.now() - answered,
  };
}

await answerParent(cold);
