import type { SearchDefaults } from "../../lib/domain/index/index-entry.ts";
import type { Measured, Measurement } from "../../lib/domain/recall/measurement.ts";
import { refined } from "../../lib/domain/search/defaults-at-k.ts";

/** How recall and time follow from the settings of an index, and on which questions that is seen. */
export interface Model {
  recall(settings: SearchDefaults): number;
  ms?(settings: SearchDefaults): number;
  /** Of recall, on all questions. */
  error?: number;
  length?: number;
  k?: number;
}

const costOf = ({ nprobes = 0, refineFactor = 1, ef = 0 }: SearchDefaults) =>
  1 + nprobes / 10 + refineFactor / 4 + ef / 100;

/** An index of which is kept what was foreseen and measured on how many questions, and what was timed. */
export function modelledIndex({ recall, ms = costOf, error = 0.005, length = 100, k = 10 }: Model) {
  const foreseen: { width: SearchDefaults; refines: number[]; queries: number }[] = [];
  const measured: { settings: SearchDefaults; queries: number }[] = [];
  const timed: SearchDefaults[] = [];
  const shown = (settings: SearchDefaults, some: number): Measurement => {
    const spread = error * Math.sqrt(length / some);
    return { settings, recall: recall(settings), error: spread, queries: some };
  };
  return {
    foreseen,
    measured,
    timed,
    length,
    k,
    async measure(settings: SearchDefaults, some: number) {
      measured.push({ settings, queries: some });
      return shown(settings, some);
    },
    async foresee(width: SearchDefaults, refines: number[], some: number) {
      foreseen.push({ width, refines, queries: some });
      return refines.map((refine) => shown(refined(width, refine), some));
    },
    async medianMs(settings: SearchDefaults) {
      timed.push(settings);
      return ms(settings);
    },
  } satisfies Measured & Record<string, unknown>;
}

/** The same, of which so many questions or fewer give another impression than all of them do. */
export function misleading<T extends Measured>(
  index: T,
  most: number,
  seen: (settings: SearchDefaults) => Partial<Measurement>,
): T {
  return {
    ...index,
    foresee: async (width: SearchDefaults, refines: number[], some: number) => {
      const all = await index.foresee(width, refines, some);
      return some > most ? all : all.map((one) => ({ ...one, ...seen(one.settings) }));
    },
  };
}
