/** UTF-8 as it is: without being told, a decoder takes a U+FEFF at the start for a mark and drops it. */
export const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
