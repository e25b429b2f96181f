/** A problem of the file, with its place. */
export class Refusal extends Error {
  readonly place: string;

  constructor(place: string, message: string) {
    super(message);
    this.place = place;
  }
}

/** Says nothing of the file: reading it from the store failed. */
export class ReadFailed extends Error {}

/** parquet-wasm throws strings and errors; both say what is wrong with the file. */
export function messageOf(error: unknown): string {
  if (error instanceof Refusal) return error.message;
  const text = error instanceof Error ? error.message : String(error);
  return `cannot be read as Parquet (${text.replace(/^.*Parquet error: /, "").slice(0, 200)})`;
}
