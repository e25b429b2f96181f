import { limits } from "../config/limits.ts";
import { DomainError } from "./errors.ts";

const room = limits.maxAnswerBytes - limits.answerFrameBytes;

/**
 * Bytes of an answer's text as Lambda carries it, which is as a JSON string: quotes and backslashes are escaped once
 * more. They are counted only where that decides whether it fits.
 */
export function answerBytes(text: string): number {
  const bytes = Buffer.byteLength(text);
  return 2 * bytes > limits.maxAnswerBytes ? bytes + occurrences(text, '"') + occurrences(text, "\\") : bytes;
}

function occurrences(text: string, char: string): number {
  let count = 0;
  for (let at = text.indexOf(char); at >= 0; at = text.indexOf(char, at + 1)) count++;
  return count;
}

/**
 * Rows of an answer, made one by one.
 * @param refusal of so many rows that fit, and the first that does not
 * @throws what `refusal` gives
 */
export function rowsWithin<T extends object>(
  count: number,
  make: (row: number) => T,
  refusal: (fit: number, row: T) => DomainError,
): T[] {
  const { fit, beyond } = rowsThatFit(count, make);
  if (beyond) throw refusal(fit.length, beyond);
  return fit;
}

/**
 * Rows of an answer, made one by one until all are there or no answer has room for them. What they take at most is added
 * up by their types; only where that is too much they are written to be counted.
 * @returns those that fit, and the first that does not
 */
export function rowsThatFit<T extends object>(
  count: number,
  make: (row: number) => T,
): { fit: T[]; beyond?: T } {
  const rows: T[] = [];
  let most = 0;
  let exact: number | undefined;
  for (let i = 0; i < count; i++) {
    const row = make(i);
    rows.push(row);
    most += mostBytes(row);
    if (most <= room) continue;
    exact = exact === undefined ? rows.reduce((sum, one) => sum + bytesOf(one), 0) : exact + bytesOf(row);
    if (exact > room) return { fit: rows.slice(0, i), beyond: row };
  }
  return { fit: rows };
}

/** With the comma behind it. */
function bytesOf(row: object): number {
  const text = JSON.stringify(row);
  return Buffer.byteLength(text) + occurrences(text, '"') + occurrences(text, "\\") + 1;
}

/** What a JSON value takes at most; a list's numbers are all as long as the longest. In loops: every hit is looked at. */
export function mostBytes(value: unknown): number {
  if (typeof value === "string") return value.length * mostOf.character + mostOf.quotes;
  if (typeof value !== "object" || value === null) return mostOf.scalar;
  let bytes = mostOf.brackets;
  if (Array.isArray(value)) {
    if (typeof value[0] === "number") return bytes + value.length * mostOf.scalar;
    for (const one of value) bytes += mostBytes(one);
    return bytes;
  }
  for (const name in value) bytes += mostBytes(name) + mostBytes((value as Record<string, unknown>)[name]);
  return bytes;
}

/** With the comma behind it. In Lambda's string a control character is \\\\u0000; the longest number has 24 characters. */
const mostOf = { character: 7, quotes: 5, scalar: 25, brackets: 3 };

/** The first items that an answer has room for, one at least. */
export function pageWithin<T extends object>(items: T[]): T[] {
  let left = room;
  const end = items.findIndex((item) => {
    left -= bytesOf(item);
    return left < 0;
  });
  return end < 0 ? items : items.slice(0, Math.max(1, end));
}

/** How many hits with vectors of so many numbers may fit, of single digits, and surely do, of the longest. */
export function hitsWithVectors(dimension: number): { atMost: number; surely: number } {
  const withNumbers = (bytes: number) => Math.floor(room / (dimension * bytes));
  return { atMost: withNumbers(2), surely: withNumbers(mostOf.scalar) };
}

/** How many hits fit that are as long as this one. */
export const hitsLike = (hit: object): number => Math.floor(room / bytesOf(hit));

/** The column of a row that takes most. */
export function widestColumn(row: object): string {
  const sizes = Object.entries(row).map(([name, value]) => ({ name, bytes: mostBytes(value) }));
  return sizes.reduce((widest, one) => (one.bytes > widest.bytes ? one : widest)).name;
}

/**
 * Hits that are more than an answer may hold.
 * @param fit hits that do
 * @param widest the column that takes most of them
 */
export function hitsTooLarge(k: number, fit: number, widest: string): DomainError {
  const smaller = fit > 0 ? `ask for a k of at most ${fit}, or for` : "ask for";
  return tooLarge(`of ${k} hits ${fit} fit into an answer`, smaller, widest);
}

/** Documents that are more than an answer may hold. @param fit of those that are there do */
export function documentsTooLarge(asked: number, fit: number, widest: string): DomainError {
  if (asked === 1) return tooLarge("the document does not fit into an answer", "ask for", widest);
  const fewer = fit > 0 ? `ask for ${fit} at a time, or for` : "ask for";
  return tooLarge(`of ${asked} documents ${fit} fit into an answer`, fewer, widest);
}

function tooLarge(what: string, instead: string, widest: string): DomainError {
  const detail = `${what} of ${limits.maxAnswerBytes} bytes; ${instead} fewer columns with select, without "${widest}"`;
  return new DomainError("AnswerTooLarge", detail);
}
