import { DomainError } from "./domain/errors.ts";
import { clipped } from "./domain/listed.ts";

export interface LoggedError {
  name: string;
  message: string;
  stack?: string;
  cause?: LoggedError;
}

const maxMessageLength = 1_000;
const maxStackLength = 4_000;
const maxCauses = 4;

/**
 * An error as the log holds it. Messages of ours name indexes and jobs; those of libraries may quote what they were
 * given, a filter with an id or a stored document, so what is quoted there is left out. Issues are for the caller alone,
 * and so is what is said of a mistake of the caller's.
 */
export function loggedError(error: unknown, causes = maxCauses): LoggedError {
  if (!(error instanceof Error)) return { name: typeof error, message: "thrown, and no error" };
  const message = messageOf(error);
  const logged: LoggedError = { name: error.name, message: clipped(message, maxMessageLength) };
  if (!(error instanceof DomainError && error.status < 500)) logged.stack = framesOf(error);
  if (error.cause !== undefined && causes > 0) logged.cause = loggedError(error.cause, causes - 1);
  return logged;
}

function messageOf(error: Error): string {
  if (error instanceof DomainError) return error.status < 500 ? error.code : error.message;
  if (error instanceof SyntaxError) return "not well-formed"; // it shows the text around the place
  return withoutValues(error.message);
}

/** Where it was thrown, without the message above. */
function framesOf({ stack = "" }: Error): string {
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
  return clipped(frames.join("\n"), maxStackLength);
}

/** Literals of SQL and of JavaScript, and lists of numbers. */
function withoutValues(message: string): string {
  return clipped(message, 4 * maxMessageLength)
    .replace(/'(?:[^']|'')*(?:'|$)/g, "'…'")
    .replace(/"(?:[^"\\]|\\.)*(?:"|$)/g, '"…"')
    .replace(/\[[-+.,\s\deE]{8,}(?:\]|$)/g, "[…]")
    .replace(/(=|value|values) -?\d[\w.+-]*/gi, "$1 …");
}

/** Text without what ends a line elsewhere or what a terminal obeys; JSON itself escapes only what ASCII has of these. */
export const plainText = (text: string): string => text.replace(obeyed, (one) => `\\u${hexOf(one)}`);

const obeyed = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;
const hexOf = (character: string) => character.charCodeAt(0).toString(16).padStart(4, "0");
