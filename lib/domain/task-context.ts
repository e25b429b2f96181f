export interface Clock {
  now(): number;
}

/** What a task of a state machine is told beside its input. */
export interface TaskContext {
  signal: AbortSignal;
  remainingMs(): number;
}
