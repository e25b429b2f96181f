export interface ExecutionState {
  status: "running" | "succeeded" | "failed" | "cancelled";
  endedAt?: string;
  error?: string;
  cause?: string;
}

/** Where state machines run: in this process or in Step Functions. */
export interface Workflow {
  /** Starts once per name; a second start of the same name does nothing. */
  start(name: string, machine: string, input: unknown): Promise<void>;
  describe(name: string, machine: string): Promise<ExecutionState | undefined>;
  /** Ends the execution; where its tasks run in processes of ours, waits for them within a deadline of its own. */
  stop(name: string, machine: string): Promise<void>;
}
