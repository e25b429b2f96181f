import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/**
 * A module of Arrow, which is there twice: for `import` and for `require` (LanceDB's). What is mended in one has to be
 * mended in the other. A bundle has one copy (scripts/bundle/one-arrow.ts).
 */
export async function arrowCopies<M>(path: `apache-arrow/${string}`): Promise<M[]> {
  return [require(path) as M, (await import(path)) as M];
}
