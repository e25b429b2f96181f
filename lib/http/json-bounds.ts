import { limits } from "../config/limits.ts";
import { badRequest, type DomainError } from "../domain/errors.ts";
import { clipped } from "../domain/listed.ts";

/** How many fields and values a body may hold. */
export interface JsonBounds {
  fields: number;
  values: number;
}

const usual: JsonBounds = { fields: limits.maxJsonFields, values: limits.maxJsonValues };

/**
 * Refuses JSON that is nested deeper or holds more fields or values than any request of ours, before it is parsed: a
 * megabyte of brackets takes JSON.parse seconds. What is not JSON is left to the parser.
 * @throws BadRequest naming the field
 */
export function refuseUnboundedJson(text: string, bounds: JsonBounds = usual): void {
  const isSmall =
    occursAtMost(text, "[{", limits.maxJsonDepth) &&
    occursAtMost(text, ":", bounds.fields) &&
    text.length <= 2 * bounds.values;
  if (!isSmall) scan(text, bounds);
}

/** By a search for these characters alone, which reads a vector at memory's speed. */
function occursAtMost(text: string, chars: string, most: number): boolean {
  let count = 0;
  for (const char of chars)
    for (let at = text.indexOf(char); at >= 0; at = text.indexOf(char, at + 1))
      if (++count > most) return false;
  return true;
}

const [quote, comma, colon, backslash] = [34, 44, 58, 92];
const opens = (char: number) => char === 91 || char === 123; // [ and {
const closes = (char: number) => char === 93 || char === 125;

/** Once over the text; strings are skipped. */
function scan(text: string, most: JsonBounds): void {
  const outermost = { string: "", field: "" };
  let [depth, values, fields] = [0, 1, 0];
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === quote) {
      const end = endOfString(text, at);
      if (depth === 1)
        outermost.string = text.slice(at + 1, Math.min(end, at + 1 + limits.maxListedNameLength));
      at = end;
    } else if (char === colon) {
      if (depth === 1) outermost.field = outermost.string;
      if (++fields > most.fields)
        throw unbounded(depth > 1 ? outermost.field : "", `holds more than ${most.fields} fields`);
    } else if (opens(char) && ++depth > limits.maxJsonDepth)
      throw unbounded(outermost.field, `is nested deeper than ${limits.maxJsonDepth} levels`);
    else if (closes(char)) depth--;
    else if (char === comma && ++values > most.values)
      throw unbounded(outermost.field, `holds more than ${most.values} values`);
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
