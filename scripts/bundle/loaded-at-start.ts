import type { Metafile } from "esbuild";

/**
 * What Node reads and runs when a bundled handler is imported: its file and those it imports, but not those that it
 * would import later.
 * @param entry as the handler's file is named in the metafile
 * @returns modules of the sources by path, with the bytes that are left of each
 */
export function loadedAtStart({ outputs }: Metafile, entry: string): Map<string, number> {
  const seen = new Set<string>();
  const modules = new Map<string, number>();
  const load = (file: string) => {
    const output = outputs[file];
    if (!output || seen.has(file)) return;
    seen.add(file);
    for (const [path, { bytesInOutput }] of Object.entries(output.inputs)) modules.set(path, bytesInOutput);
    for (const { kind, path } of output.imports) if (kind === "import-statement") load(path);
  };
  load(entry);
  return modules;
}
