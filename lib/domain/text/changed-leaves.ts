import type { TextLeaf, TextPlan } from "./text-plan.ts";

/** The same plan with others in place of its leaves. */
export async function changedLeaves(
  plan: TextPlan,
  change: (leaf: TextLeaf) => Promise<TextPlan>,
): Promise<TextPlan> {
  const all = (some: TextPlan[]) => Promise.all(some.map((one) => changedLeaves(one, change)));
  if (plan.op === "boolean") {
    const [must, should, mustNot] = [await all(plan.must), await all(plan.should), await all(plan.mustNot)];
    return { op: "boolean", must, should, mustNot };
  }
  if (plan.op === "boost") {
    const [positive = plan.positive, negative = plan.negative] = await all([plan.positive, plan.negative]);
    return { ...plan, positive, negative };
  }
  return change(plan);
}
