/** A column that is as it may be, and that `VectorPages` does not read: parquet-wasm does. */
export class NotReadHere extends Error {
  readonly reason: "other-encoding" | "null-or-other-length";

  constructor(reason: NotReadHere["reason"], message: string) {
    super(message);
    this.reason = reason;
  }
}
