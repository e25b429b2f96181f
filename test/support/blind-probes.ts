import type { Container } from "../../lib/container.ts";

/** The first so many probes find nothing through the index, as if its codes told no vectors apart. */
export function blindAtFirst(generations: Container["generations"], probes = 1): Container["generations"] {
  let blind = probes;
  const probe: typeof generations.probe = async (...given) => {
    const found = await generations.probe(...given);
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
  return new Proxy(generations, {
    get: (target, name) => {
      const own = name === "probe" ? probe : Reflect.get(target, name, target);
      return typeof own === "function" ? own.bind(target) : own;
    },
  });
}
