import { utf8 } from "../utf8.ts";
import { arrowCopies } from "./arrow-copies.ts";

type Decode = (bytes: Uint8Array) => string;

/** Of a schema's fields; flatbuffers decodes names with a decoder of its own, unless it is asked for bytes. */
interface NamedField {
  name(encoding?: number): Uint8Array | string | null;
}

/**
 * Arrow 18.1 drops a U+FEFF at the start of a string or of a column's name, so that the id of a hit fetched another
 * document. This makes it keep it; whoever reads Arrow imports this.
 */
async function keepByteOrderMarks(): Promise<void> {
  const strings = await arrowCopies<{ decodeUtf8: Decode }>("apache-arrow/util/utf8");
  const decode: Decode = (bytes) => utf8.decode(bytes);
  for (const { decodeUtf8 } of strings) decoderOf(decodeUtf8).decode = decode as TextDecoder["decode"];
  const fields = await arrowCopies<{ Field: { prototype: NamedField } }>("apache-arrow/fb/field");
  for (const { Field } of fields) mendNames(Field.prototype);
}

/** Nobody but its module can reach it: caught while it decodes nothing. */
function decoderOf(decodeUtf8: Decode): TextDecoder {
  const { decode } = TextDecoder.prototype;
  let caught: TextDecoder | undefined;
  TextDecoder.prototype.decode = function (...given) {
    caught = this;
    return decode.apply(this, given);
  };
  try {
    decodeUtf8(new Uint8Array());
  } finally {
    TextDecoder.prototype.decode = decode;
  }
  if (!caught) throw new Error("Arrow decodes strings in another way than is mended here");
  return caught;
}

const utf8Bytes = 1;
const mended = new WeakSet<object>();

function mendNames(prototype: NamedField): void {
  if (mended.has(prototype)) return;
  mended.add(prototype);
  const { name } = prototype;
  prototype.name = function (encoding) {
    const bytes = name.call(this, utf8Bytes);
    return encoding === utf8Bytes || !(bytes instanceof Uint8Array) ? bytes : utf8.decode(bytes);
  };
}

await keepByteOrderMarks();
