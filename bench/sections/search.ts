import { join } from "node:path";
import { indexFolder } from "../bench-lakehouse.ts";
import type { BenchRun } from "../bench-run.ts";
import { freshQueries } from "../bench-set.ts";
import { meanRecall, readExact } from "../exact-file.ts";
import { medianOf } from "../percentiles.ts";
import { PylancePeer } from "../pylance-peer.ts";
import type { SearchPeers } from "../results.ts";
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

async function measureSearch(run: BenchRun): Promise<SearchPeers> {
  const { dimension, queries: all, curveQueries: queries, rounds } = run.options;
  const peer = await PylancePeer.start();
  const { index, migrated } = await run.migrated("auto");
  const exact = await readExact(await run.exactNeighbours(index, all));
  const vectors = await freshQueries(queries, dimension);
  const theirs = () => peer.search(join(indexFolder(index), "g1.lance"), vectors, migrated.searchDefaults);
  const ours = () => run.child<NodeRound>("search-child.ts", { index, dimension, queries });
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
