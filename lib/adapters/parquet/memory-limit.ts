const pageBytes = 65_536;
const memorySection = 5;
const headerBytes = 8;

/** @returns the module with `maxBytes` as the limit of its memory; as it is when it has no memory or already a limit */
export function withMemoryLimit(module: Uint8Array, maxBytes: number): Uint8Array {
  for (let at = headerBytes; at < module.length; ) {
    const [length, start] = readLength(module, at + 1);
    if (module[at] === memorySection) return limited(module, at, start, start + length, maxBytes);
    at = start + length;
  }
  return module;
}

/** A section of one memory: how many there are, whether it has a limit, its pages at first. */
function limited(module: Uint8Array, at: number, start: number, end: number, maxBytes: number): Uint8Array {
  const [memories, flags] = module.subarray(start, end);
  if (memories !== 1 || flags !== 0) return module;
  const [pages] = readLength(module, start + 2);
  const most = writeLength(Math.max(pages, Math.min(65_536, Math.ceil(maxBytes / pageBytes))));
  const section = Uint8Array.of(1, 1, ...module.subarray(start + 2, end), ...most);
  const parts = [module.subarray(0, at + 1), writeLength(section.length), section, module.subarray(end)];
  return Uint8Array.from(Buffer.concat(parts));
}

/** LEB128, as WebAssembly writes all its numbers. @returns the number and where it ends */
function readLength(bytes: Uint8Array, at: number): [value: number, end: number] {
  for (let [value, end, factor] = [0, at, 1]; ; factor *= 128) {
    const byte = bytes[end++] ?? 0;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return [value, end];
  }
}

function writeLength(value: number): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left & 0x7f) | 0x80);
  return Uint8Array.of(...bytes, left);
}

/**
 * Bounds the memory of the modules that this thread instantiates from now on. A page header of a few bytes can claim
 * 2 GB, which parquet-wasm allocates and clears before it looks at the data; so bounded, it faults instead, which ends
 * its thread and is the file's fault. The module itself declares no limit.
 */
export function limitModules(maxBytes: number): void {
  WebAssembly.Module = class extends WebAssembly.Module {
    constructor(source: BufferSource) {
      const { buffer, byteOffset, byteLength } = ArrayBuffer.isView(source) ? source : new Uint8Array(source);
      super(withMemoryLimit(new Uint8Array(buffer, byteOffset, byteLength), maxBytes) as BufferSource);
    }
  };
}
