import type { ObjectStore } from "../../lib/domain/object-store.ts";

/** A store, and how often it was asked for what. */
export function counted(store: ObjectStore): { store: ObjectStore; take(): Record<string, number> } {
  let counts: Record<string, number> = {};
  const take = () => {
    const taken = counts;
    counts = {};
    return taken;
  };
  const asked = new Proxy(store, {
    get: (target, name: keyof ObjectStore) => {
      return (...given: unknown[]) => {
        counts[name] = (counts[name] ?? 0) + 1;
        return (target[name] as (...all: unknown[]) => unknown).apply(target, given);
      };
    },
  });
  return { store: asked, take };
}
