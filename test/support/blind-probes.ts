import type { Container } from "../../lib/container.ts";

/** The first so many probes find nothing through the index, as if its codes told no vectors apart. */
export function blindAtFirst(probes: Container["probes"], count = 1): Container["probes"] {
  let blind = count;
  const probe: typeof probes.probe = async (...given) => {
    const found = await probes.probe(...given);
    if (blind === 0) return found;
    blind -= 1;
    return {
      sample: (queries) => found.sample(queries),
      sampleBeside: (queries) => found.sampleBeside(queries),
      exact: (...asked) => found.exact(...asked),
      approximate: async () => [],
      among: (oneIn) => found.among(oneIn),
      close: () => found.close(),
    };
  };
  return { probe };
}
