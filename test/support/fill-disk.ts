import { closeSync, openSync, statfsSync, writeSync } from "node:fs";

/** Takes whatever room a disk has. @param filler a file on it */
export function fillDisk(filler: string): void {
  const file = openSync(filler, "a");
  try {
    for (;;) writeSync(file, Buffer.alloc(statfsSync(filler).bavail > 16 ? 65_536 : 512));
  } catch {
    // full
  } finally {
    closeSync(file);
  }
}
