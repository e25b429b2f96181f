import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { memoryImport, withImportedMemory } from "./imported-memory.ts";

export type ParquetWasm = typeof import("parquet-wasm/node");

const pageBytes = 65_536;
/** What 32 bits address. */
const mostPages = 65_536;

const require = createRequire(import.meta.url);
/** Bundled, it lies beside the bundle. */
const file = import.meta.url.endsWith(".ts")
  ? require.resolve("parquet-wasm/node")
  : fileURLToPath(new URL("./parquet_wasm.cjs", import.meta.url));

/** Once a thread: its functions are compiled as they are called, for all who have it. */
let compiled: { module: WebAssembly.Module; pages: number } | undefined;

/**
 * parquet-wasm with a memory of its own, which is bounded. A page header of a few bytes can claim 2 GB, which it allocates
 * and clears before it looks at the data; so bounded, it faults instead, which ends its thread and is the file's fault.
 * @param maxMemoryBytes without it, all that 32 bits address
 */
export function parquetWasm(maxMemoryBytes = mostPages * pageBytes): ParquetWasm {
  const { Module, Instance } = WebAssembly;
  WebAssembly.Module = new Proxy(Module, { construct: (_, [source]) => compile(Module, source) });
  WebAssembly.Instance = new Proxy(Instance, {
    construct: (_, [module, imports]) => new Instance(module, { ...imports, ...memoryOf(maxMemoryBytes) }),
  });
  try {
    delete require.cache[file]; // what it instantiates is a variable of its file
    return require(file) as ParquetWasm;
  } finally {
    Object.assign(WebAssembly, { Module, Instance });
  }
}

function compile(Module: typeof WebAssembly.Module, source: Uint8Array): WebAssembly.Module {
  if (compiled) return compiled.module;
  const { module, pages } = withImportedMemory(source);
  compiled = { module: new Module(module as BufferSource), pages };
  return compiled.module;
}

function memoryOf(maxBytes: number): WebAssembly.Imports {
  const initial = compiled?.pages ?? 0;
  const maximum = Math.min(mostPages, Math.max(initial, Math.ceil(maxBytes / pageBytes)));
  return { [memoryImport.module]: { [memoryImport.name]: new WebAssembly.Memory({ initial, maximum }) } };
}
