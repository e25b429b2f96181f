import { readVarint } from "../../varint.ts";
/** A module of WebAssembly that asks whoever instantiates it for its memory, by `memoryImport`. */
export interface Importing {
  module: Uint8Array;
  /** Of 64 KB, that its memory has to begin with. */
  pages: number;
}

export const memoryImport = { module: "bounded", name: "memory" } as const;

const [importSection, memorySection] = [2, 5];
const [memoryKind, withoutLimit] = [2, 0];
const headerBytes = 8;

/**
 * Makes a module import its memory in place of having it, so that each of its instances can be given another.
 * https://webassembly.github.io/spec/core/binary/modules.html
 * @throws Error for a module that does not import anything, or has no memory, more than one, or a limit of it
 */
export function withImportedMemory(module: Uint8Array): Importing {
  const imports = sectionOf(module, importSection);
  const memory = sectionOf(module, memorySection);
  const [memories, flags] = module.subarray(memory.start);
  if (memories !== 1 || flags !== withoutLimit)
    throw new Error("the module has another memory than expected");
  const pages = readVarint(module, { at: memory.start + 2 });
  const cursor = { at: imports.start };
  const count = readVarint(module, cursor);
  const first = cursor.at;
  const entry = [...named(memoryImport.module), ...named(memoryImport.name), memoryKind, withoutLimit];
  const content = [
    writeNumber(count + 1),
    module.subarray(first, imports.end),
    Uint8Array.of(...entry, ...writeNumber(pages)),
  ];
  const length = content.reduce((sum, part) => sum + part.length, 0);
  const parts = [
    module.subarray(0, imports.at + 1),
    writeNumber(length),
    ...content,
    module.subarray(imports.end, memory.at),
    module.subarray(memory.end),
  ];
  return { module: Uint8Array.from(Buffer.concat(parts)), pages };
}

interface Section {
  /** Where its kind stands, its content begins and ends. */
  at: number;
  start: number;
  end: number;
}

function sectionOf(module: Uint8Array, kind: number): Section {
  for (let at = headerBytes; at < module.length; ) {
    const cursor = { at: at + 1 };
    const length = readVarint(module, cursor);
    const start = cursor.at;
    if (module[at] === kind) return { at, start, end: start + length };
    at = start + length;
  }
  throw new Error(`the module has no section ${kind}`);
}

const named = (text: string) => [...writeNumber(text.length), ...Buffer.from(text, "latin1")];

/** LEB128, as WebAssembly writes all its numbers. */
function writeNumber(value: number): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left & 0x7f) | 0x80);
  return Uint8Array.of(...bytes, left);
}
