import type { BenchRun } from "../bench-run.ts";
import { freshQueries } from "../bench-set.ts";
import { meanRecall, readExact } from "../exact-file.ts";
import { medianOf } from "../percentiles.ts";
import type { Migrated, SearchPeers } from "../results.ts";
import { ms, type Section, share, tableOf, times } from "./section.ts";

interface NodeRound {
  handler: number;
  bare: number;
  found: string[][];
}

/** The same table searched with the same settings from Python and from Node, in rounds. */
export const search: Section<"search"> = {
  title: "Searches against pylance",
  measure: measureSearch,
  markdown({ handler, bare, pylance, recall }) {
    const theirs = medianOf(pylance);
    const row = (name: string, rounds: number[], found?: number) => [
      name,
      ms(medianOf(rounds)),
      times(medianOf(rounds) / theirs),
      found === undefined ? "" : share(found),
    ];
    return tableOf(
      [`p50, median of ${pylance.length} rounds`, "search", "of pylance", "recall@10"],
      [
        row("handler", handler),
        row("LanceDB of Node", bare, recall.bare),
        row("pylance", pylance, recall.pylance),
      ],
    );
  },
};

/** Where the run's store is, if it has one. */
async function searched(run: BenchRun): Promise<{ index: string; migrated: Migrated }> {
  if (!run.store) return run.migrated("auto");
  const index = "auto-searched";
  return { index, migrated: await run.migrate(index, { indexType: "auto", bucket: run.bucket }) };
}

async function measureSearch(run: BenchRun): Promise<SearchPeers> {
  const { dimension, queries: all, curveQueries: queries, rounds } = run.options;
  const peer = await run.peer();
  if (!peer) throw new Error("searches are compared with --vs pylance");
  const { index, migrated } = await searched(run);
  const exact = await readExact(await run.exactNeighbours(index, all));
  const vectors = await freshQueries(queries, dimension);
  const theirs = () => peer.search(`${run.uriOf(index)}/g1.lance`, vectors, migrated.searchDefaults);
  const input = { index, dimension, queries, storageOptions: run.store?.storageOptions ?? {} };
  const ours = () => run.child<NodeRound>("search-child.ts", input);
  const result: SearchPeers = { handler: [], bare: [], pylance: [], recall: { bare: 0, pylance: 0 } };
  const add = (node: NodeRound, python: Awaited<ReturnType<typeof theirs>>) => {
    result.handler.push(node.handler);
    result.bare.push(node.bare);
    result.pylance.push(medianOf(python.times));
    result.recall = { bare: meanRecall(exact, node.found), pylance: meanRecall(exact, python.found) };
  };
  for (let round = 0; round < rounds; round++)
    await run.step(`search round ${round + 1}`, async () => {
      if (round % 2 === 0) return add(await ours(), await theirs());
      const python = await theirs();
      add(await ours(), python);
    });
  return result;
}
