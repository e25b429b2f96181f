import { limits } from "../config/limits.ts";
import { badRequest, type DomainError } from "../domain/errors.ts";
import { clipped } from "../domain/listed.ts";

/**
 * Refuses JSON that is nested deeper or holds more values than any request of ours, before it is parsed: a megabyte of
 * brackets takes JSON.parse seconds. What is not JSON is left to the parser.
 * @throws BadRequest naming the field
 */
export function refuseUnboundedJson(text: string): void {
  if (mayBeDeep(text) || text.length > 2 * limits.maxJsonValues) scan(text);
}

/** By a search for brackets alone, which reads a vector at memory's speed. */
function mayBeDeep(text: string): boolean {
  let opened = 0;
  for (const bracket of "[{")
    for (let at = text.indexOf(bracket); at >= 0; at = text.indexOf(bracket, at + 1))
      if (++opened > limits.maxJsonDepth) return true;
  return false;
}

const [quote, comma, colon, backslash] = [34, 44, 58, 92];
const opens = (char: number) => char === 91 || char === 123; // [ and {
const closes = (char: number) => char === 93 || char === 125;

/** Once over the text; strings are skipped. */
function scan(text: string): void {
  const outermost = { string: "", field: "" };
  let [depth, values] = [0, 1];
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === quote) {
      const end = endOfString(text, at);
      if (depth === 1)
        outermost.string = text.slice(at + 1, Math.min(end, at + 1 + limits.maxListedNameLength));
      at = end;
    } else if (char === colon && depth === 1) outermost.field = outermost.string;
    else if (opens(char) && ++depth > limits.maxJsonDepth)
      throw unbounded(outermost.field, `is nested deeper than ${limits.maxJsonDepth} levels`);
    else if (closes(char)) depth--;
    else if (char === comma && ++values > limits.maxJsonValues)
      throw unbounded(outermost.field, `holds more than ${limits.maxJsonValues} values`);
  }
}

/** The place of the quote that ends a string; that of the text's end where there is none. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === backslash) escapes++;
    if (escapes % 2 === 0) return end;
  }
  return text.length;
}

function unbounded(field: string, message: string): DomainError {
  return badRequest({ path: field ? `body.${clipped(field, limits.maxListedNameLength)}` : "body", message });
}
