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
import type { TextPlan } from "../../../domain/text/text-plan.ts";

/** A query of text as LanceDB's own, over all rows, those that no index holds, too. */
export const textSearch = (table: Table, plan: TextPlan): Query =>
  table.query().fullTextSearch(lanceText(plan));

function lanceText(plan: TextPlan): FullTextQuery {
  switch (plan.op) {
    case "match": {
      const { query, column, operator, ...options } = plan;
      return new MatchQuery(query, column, {
        ...options,
        operator: operator === "and" ? Operator.And : Operator.Or,
      });
    }
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
