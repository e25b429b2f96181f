import {
  BooleanQuery,
  BoostQuery,
  type FullTextQuery,
  MatchQuery,
  Occur,
  Operator,
  PhraseQuery,
  type Query,
  type Table,
} from "@lancedb/lancedb";
import type { Publication } from "../../../domain/index/index-entry.ts";
import { textIndexesOf } from "../../../domain/text/full-text.ts";
import { reducedPlan } from "../../../domain/text/fuzzy-words.ts";
import type { TextPlan } from "../../../domain/text/text-plan.ts";
import { textCutter } from "../text-cutter.ts";

/**
 * A query of text as LanceDB's own, over all rows, those that no index holds, too. It compares fuzzy words as they are written,
 * `FOX` with `fox`, with the terms of its indexes: so they are made terms before.
 */
export async function textSearch(table: Table, plan: TextPlan, published: Publication): Promise<Query> {
  const cutters = new Map(textIndexesOf(published).map((index) => [index.column, textCutter(index)]));
  return table.query().fullTextSearch(lanceText(await reducedPlan(plan, cutters)));
}

function lanceText(plan: TextPlan): FullTextQuery {
  switch (plan.op) {
    case "match": {
      const { query, column, operator, ...options } = plan;
      return new MatchQuery(query, column, {
        ...options,
        operator: operator === "and" ? Operator.And : Operator.Or,
      });
    }
    case "prefix":
      throw new Error("a beginning of words that was not looked up in an index");
    case "phrase":
      return new PhraseQuery(plan.query, plan.column, { slop: plan.slop });
    case "boost": {
      const { positive, negative, negativeBoost } = plan;
      return new BoostQuery(lanceText(positive), lanceText(negative), { negativeBoost });
    }
    default: {
      const all = (occur: Occur, some: TextPlan[]) =>
        some.map((one): [Occur, FullTextQuery] => [occur, lanceText(one)]);
      return new BooleanQuery([
        ...all(Occur.Must, plan.must),
        ...all(Occur.Should, plan.should),
        ...all(Occur.MustNot, plan.mustNot),
      ]);
    }
  }
}
