import { seededRandom } from "../../test/support/seeded-random.ts";

/** A mean, and between what it lies with 95 % confidence. */
export interface Estimate {
  mean: number;
  low: number;
  high: number;
}

const resamples = 2_000;

/** By the percentile bootstrap (Efron, 1979): the queries are drawn anew, with replacement, seeded. @param values one a query */
export function bootstrapped(values: number[]): Estimate {
  const random = seededRandom(11);
  const means = Array.from({ length: resamples }, () =>
    meanOf(values.map(() => values[Math.floor(random() * values.length)] as number)),
  ).sort((a, b) => a - b);
  const at = (share: number) => means[Math.floor(share * (resamples - 1))] as number;
  return { mean: meanOf(values), low: at(0.025), high: at(0.975) };
}

/** How much better one way is than another on the same queries. */
export function difference(one: number[], other: number[]): Estimate {
  return bootstrapped(one.map((value, i) => value - (other[i] as number)));
}

export const meanOf = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
