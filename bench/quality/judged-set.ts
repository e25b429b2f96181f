/** Documents, queries, and how well which documents answer them. */
export interface JudgedSet {
  name: string;
  documents: { id: string; text: string }[];
  queries: JudgedQuery[];
}

export interface JudgedQuery {
  id: string;
  text: string;
  /** Gains by document, above 0; who has none is not relevant. */
  gains: Record<string, number>;
  /** A document that is left out of its answers: the query itself. */
  except?: string;
}
