/** What is wrong with a row, and where it is in its batch. */
export class RowError extends Error {
  readonly row: number;

  constructor(row: number, message: string) {
    super(message);
    this.row = row;
  }
}
