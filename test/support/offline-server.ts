import { startOffline as start } from "../../scripts/offline-server.ts";

/** The API as a child process on free ports of 127.0.0.1. */
export interface OfflineApi {
  url: string;
  /** What it has printed so far. */
  logs(): string;
  /** Ends its process group and waits, within a deadline, until nothing of it runs. */
  stop(): Promise<void>;
}

/** Starts serverless-offline with its requests logged. @throws when it does not answer in time, with its output */
export async function startOffline(environment: Record<string, string> = {}): Promise<OfflineApi> {
  return start({ environment: { POWERTOOLS_LOG_LEVEL: "INFO", ...environment } });
}
