import { createRequire } from "node:module";
import type { Data } from "apache-arrow";

interface Assembler {
  prototype: { visitBool(data: Data): unknown };
}

/**
 * Arrow 18.1 writes a batch of booleans that are all null without their values, which LanceDB and parquet-wasm refuse
 * to read. This makes its writer put in the bytes. It is there twice, for `import` and for `require` (LanceDB's).
 */
async function mendAllNullBooleans(): Promise<void> {
  const path = "apache-arrow/visitor/vectorassembler";
  const required = createRequire(import.meta.url)(path) as { VectorAssembler: Assembler };
  const imported = (await import(path)) as { VectorAssembler: Assembler };
  for (const { VectorAssembler } of [required, imported]) mend(VectorAssembler.prototype);
}

const mended = new WeakSet<object>();

function mend(prototype: Assembler["prototype"]): void {
  if (mended.has(prototype)) return;
  mended.add(prototype);
  const { visitBool } = prototype;
  prototype.visitBool = function (data) {
    if (data.nullCount < data.length) return visitBool.call(this, data);
    const values = new Uint8Array(Math.ceil(data.length / 8));
    const fields = { nullCount: { value: 0 }, offset: { value: 0 }, values: { value: values } };
    return visitBool.call(this, Object.create(data, fields));
  };
}

await mendAllNullBooleans();
