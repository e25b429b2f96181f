export interface DuplicateId {
  id: string;
  /** Of its rows, ascending: by file, then row. */
  origins: bigint[];
}

/** That a table takes no more appends: the version that ended them, and what its column of origins is called since. */
export interface Seal {
  version: number;
  column: string;
}
