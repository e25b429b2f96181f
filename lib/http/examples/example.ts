/** A request that the OpenAPI document shows, and that a test sends: to indexes that other examples make. */
export interface Example {
  summary: string;
  path?: Record<string, string>;
  /** The body. In place of a cursor stands any: that of an answer is known only then. */
  value: object;
}

/** By names, which are unique in an operation. */
export type Examples = Record<string, Example>;

/** With full text on title and body, and vectors of three numbers. */
export const articles = { index: "articles" };

/** With vectors of provider `small`. */
export const notes = { index: "notes" };
