import type { Spending } from "../cost/spending.ts";
import type { WarmIndexes } from "./reader.ts";

/** What an answer that is explained is made with. */
export interface Explainable {
  indexes: WarmIndexes;
  /** Undefined for who is not told what a container asks of stores. */
  costs: Pick<Spending, "watch"> | undefined;
  /** What is left of the request's time, in ms. */
  left: () => number;
}

/**
 * An answer, with how it was found where that is asked for: what tells it is loaded only then.
 * @param answer searches with the indexes that it is handed
 */
export async function explainedWhereAsked<T extends object>(
  { explain }: { explain?: boolean | undefined },
  given: Explainable,
  answer: (indexes: WarmIndexes) => Promise<T>,
): Promise<T> {
  if (!explain) return answer(given.indexes);
  return (await import("./explained.ts")).explained(given, answer);
}
