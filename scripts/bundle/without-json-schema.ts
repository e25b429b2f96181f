import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";

/**
 * Of what only reads, zod's way to JSON Schema is left out: each schema refers to it, and nothing there asks for it. Who
 * would is told.
 */
export const withoutJsonSchema: Plugin = {
  name: "without-json-schema",
  setup(build) {
    build.onLoad(
      { filter: /[\\/]zod[\\/]v4[\\/]core[\\/](to-json-schema|json-schema-processors)\.js$/ },
      async ({ path }) => ({ contents: refusing(exportsOf(await readFile(path, "utf8"))) }),
    );
  },
};

const exportsOf = (source: string): string[] =>
  [...source.matchAll(/^export (?:(?:const|function) (\w+)|\{ \w+ as (\w+) \})/gm)].map(
    ([, own, renamed]) => (own ?? renamed) as string,
  );

/** Methods are made of these when a schema is: only their call is refused. */
function refusing(names: string[]): string {
  const named = names.map((name) => `refused as ${name}`);
  return `const refuse = () => { throw new Error("this bundle has no JSON Schema"); };
const refused = () => refuse;
export { ${named.join(", ")} };`;
}
