import type { Data } from "apache-arrow";
import { arrowCopies } from "./arrow-copies.ts";

interface Assembler {
  prototype: { visitBool(data: Data): unknown };
}

const mended = new WeakSet<object>();

/**
 * Arrow 18.1 writes a batch of booleans that are all null without their values, which LanceDB and parquet-wasm refuse
 * to read. This makes its writer put in the bytes.
 */
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

const copies = await arrowCopies<{ VectorAssembler: Assembler }>("apache-arrow/visitor/vectorassembler");
for (const { VectorAssembler } of copies) mend(VectorAssembler.prototype);
