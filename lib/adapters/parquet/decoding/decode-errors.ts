/** A problem of the file, with its place. */
export class Refusal extends Error {
  readonly place: string;

  constructor(place: string, message: string) {
    super(message);
    this.place = place;
  }
}

/** Several problems of the file, the first of them with their places. */
export class Refusals extends Refusal {
  readonly first: { place: string; reason: string }[];
  readonly count: number;

  constructor(first: { place: string; reason: string }[], count: number) {
    super(first[0]?.place ?? "", first[0]?.reason ?? "");
    this.first = first;
    this.count = count;
  }
}

/** Says nothing of the file: reading it from the store failed. */
export class ReadFailed extends Error {}

/** WebAssembly that was stopped, mostly for want of memory: whoever calls it again finds it broken. */
export const isFault = (error: unknown): boolean => error instanceof WebAssembly.RuntimeError;

/** parquet-wasm throws strings and errors; both say what is wrong with the file. */
export function messageOf(error: unknown): string {
  if (error instanceof Refusal) return error.message;
  const text = error instanceof Error ? error.message : String(error);
  return `cannot be read as Parquet (${text.replace(/^.*Parquet error: /, "").slice(0, 200)})`;
}
