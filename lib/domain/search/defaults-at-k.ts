import { limits } from "../../config/limits.ts";
import type { Publication, SearchDefaults, ServedIndexType } from "../index/index-entry.ts";

/** Whether distances are told by codes, so that comparing vectors again finds what they got wrong. */
export const isCoded = (type: ServedIndexType): boolean => type !== "IVF_FLAT" && type !== "EXACT";

/**
 * Of fewer hits than the defaults were found for: as many candidates are compared, since few codes say which row is the
 * nearest of all.
 * @param k less than that of the defaults
 */
export function refinedForFewer(settings: SearchDefaults, k: number, type: ServedIndexType): SearchDefaults {
  if (!isCoded(type)) return settings;
  const candidates = limits.recallK * (settings.refineFactor ?? 1);
  return refined(settings, Math.min(limits.maxRefineFactor, Math.ceil(candidates / k)));
}

/**
 * The defaults for k hits. Of fewer than 10 as many candidates are compared as of 10, as widely as was found for one. Of
 * more they go from those of 10 to those of 100 as the logarithm of k does, and on: the width up to 10,000, the refine
 * factor no further. Entries of old say nothing of other k: there the rule for fewer holds, and more hits go as ten do.
 * @param settings for 10: the index's search defaults, those with a filter, or those without refining
 */
export function defaultsAt(settings: SearchDefaults, k: number, published: Publication): SearchDefaults {
  const { recall, searchDefaults, indexType } = published;
  const at = (other: number) => recall.atK?.find((one) => one.k === other)?.searchDefaults;
  if (k < limits.recallK) {
    const wider = widened(settings, growth(searchDefaults, at(1)), published);
    return refinedForFewer(wider, k, indexType);
  }
  const hundred = at(100);
  const steps = Math.min(3, Math.log10(k / limits.recallK));
  if (!hundred || steps === 0) return settings;
  const wider = widened(settings, growth(searchDefaults, hundred) ** steps, published);
  const { refineFactor: most = 1 } = settings;
  const least = Math.min(most, Math.max(hundred.refineFactor ?? 1, leastForHundred(most)));
  const { refineFactor: _, ...width } = wider;
  return refined(width, Math.ceil(most * (least / most) ** Math.min(1, steps) - rounding));
}

/** As many candidates as for ten. */
export const leastForHundred = (refineFactor: number) => Math.ceil((refineFactor * limits.recallK) / 100);

/** Powers of whole numbers are not always whole. */
const rounding = 1e-9;

const widthOf = ({ nprobes, ef }: SearchDefaults) => nprobes ?? ef ?? 1;

const growth = (from: SearchDefaults, to: SearchDefaults = from) => Math.max(1, widthOf(to) / widthOf(from));

function widened({ nprobes, ef, ...others }: SearchDefaults, by: number, { indexParameters }: Publication) {
  const partitions = indexParameters.numPartitions ?? limits.maxNprobes;
  const times = (width: number) => Math.ceil(width * by - rounding);
  return {
    ...(nprobes === undefined ? {} : { nprobes: Math.max(nprobes, Math.min(partitions, times(nprobes))) }),
    ...others,
    ...(ef === undefined ? {} : { ef: Math.max(ef, Math.min(limits.maxEf, times(ef))) }),
  };
}

/** With that many times k candidates compared again; once k is what is found without. */
export function refined(width: SearchDefaults, refineFactor: number): SearchDefaults {
  return refineFactor > 1 ? { ...width, refineFactor } : width;
}
