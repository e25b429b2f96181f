/** This project, or LanceDB's own merge. */
export type DocumentWay = "ours" | "bare";

/** A write of one document, and a strong search for it; milliseconds. */
export interface StrongWrite {
  write: number;
  search: number;
  isFound: boolean;
}

/** What one writing process took. */
export interface WriterTimes {
  /** Milliseconds of each write, in turn, and of a conditional write of the store. */
  each?: Record<DocumentWay | "put", number[]>;
  strong?: StrongWrite[];
  /** By the clock, in milliseconds, of all batches of one way. */
  alone?: { started: number; ended: number; refused: number };
}

export interface DocumentWrites {
  /** Documents of a batch. */
  size: number;
  each: Record<DocumentWay | "put", number[]>;
  strong: StrongWrite[];
  /** Processes that write at the same time. */
  together: ({ writers: number } & Record<DocumentWay, { rowsPerSecond: number; refused: number }>)[];
}
