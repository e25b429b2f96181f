import type { AskedIndexType, IndexParameters, IndexType } from "../index/index-entry.ts";
import { type IndexPlan, isApplicable, knownParameters, planIndex, subVectors } from "../plan/plan-index.ts";

interface Wanted {
  type: AskedIndexType;
  rows: number;
  dimension: number;
  asked: IndexParameters;
}

/**
 * What is built one after the other until the recall is reached: as planned, with finer codes or a denser graph, and
 * where the type was left to the planner by comparing the vectors of partitions, at last of all rows. What was asked for
 * is kept: a type by its name, parameters by theirs.
 * @returns one plan at least
 * @throws IndexParametersInvalid
 */
export function plansInTurn(wanted: Wanted): IndexPlan[] {
  const planned = planIndex(wanted);
  if (planned.type === "EXACT") return [planned];
  const finer = finest(planned.type, wanted);
  const isFiner = Object.entries(finer).some(([name, value]) => planned.parameters[name as never] !== value);
  const others = wanted.type === "auto" ? uncoded(wanted) : [];
  return [planned, ...(isFiner ? [withParameters(planned, finer)] : []), ...others];
}

/** Parameters that nobody named, as fine as they pay. */
function finest(type: IndexType, { dimension, asked }: Wanted): IndexParameters {
  const all: Record<IndexType, IndexParameters> = {
    IVF_PQ: { numBits: 8, numSubVectors: finestCodes(dimension, asked.numBits === 4) },
    IVF_RQ: { numBits: 8 },
    IVF_FLAT: {},
    HNSW_SQ: { m: 40, efConstruction: 300 },
  };
  return { ...all[type], ...namedIn(asked, all[type]) };
}

/** Of two values each; 4-bit codes are even in number, and half of the dimension may be odd. */
function finestCodes(dimension: number, isFourBits: boolean): number {
  if (isFourBits) return subVectors(dimension, isFourBits, 2);
  return dimension % 2 === 0 ? dimension / 2 : dimension;
}

const namedIn = (asked: IndexParameters, among: IndexParameters): IndexParameters =>
  Object.fromEntries(Object.entries(asked).filter(([name]) => name in among));

function withParameters(plan: IndexPlan, finer: IndexParameters): IndexPlan {
  const reasons = plan.reasons.map((reason) => {
    const name = reason.split(" ")[0] as keyof IndexParameters;
    const isChanged = name in finer && finer[name] !== plan.parameters[name];
    return isChanged ? `${name} ${finer[name]}: what was planned did not reach the recall` : reason;
  });
  return { ...plan, parameters: { ...plan.parameters, ...finer }, reasons };
}

/** Without codes: every distance is exact, and with all partitions searched so are the answers. */
function uncoded(wanted: Wanted): IndexPlan[] {
  const named = Object.keys(knownParameters(wanted.asked));
  const isFlat = named.every((name) => isApplicable("IVF_FLAT", name));
  const flat = isFlat ? [planIndex({ ...wanted, type: "IVF_FLAT" })] : [];
  const exact: IndexPlan = {
    type: "EXACT",
    parameters: {},
    reasons: ["served exactly: no index reached the recall"],
  };
  return [
    ...flat.map((plan) => ({ ...plan, reasons: ["IVF_FLAT: compares vectors themselves", ...plan.reasons] })),
    ...(named.length === 0 ? [exact] : []),
  ];
}
