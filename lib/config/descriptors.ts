import { readFileSync } from "node:fs";
import { limits } from "./limits.ts";

/** Open files and sockets that this process may have, as it was told when it started; Node raises its own limit to that. */
export function maxDescriptors(): number {
  try {
    return descriptorsIn(readFileSync("/proc/self/limits", "utf8"));
  } catch {
    return limits.defaultDescriptors; // no Linux
  }
}

/** @param text of `/proc/self/limits` */
export function descriptorsIn(text: string): number {
  const soft = /^Max open files +(\S+)/m.exec(text)?.[1];
  if (soft === undefined) return limits.defaultDescriptors;
  return soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
}

/**
 * How many indexes may be open at a time: as many as memory and descriptors have room for, at least one.
 * @param isRemote whether any lies in an object store, where each costs sockets
 */
export function maxOpenIndexes(memoryMb: number, descriptors: number, isRemote: boolean): number {
  const byMemory = (memoryMb * limits.openIndexesShare) / limits.openIndexMb;
  const each = isRemote ? limits.openIndexSockets : limits.openIndexFiles;
  const byDescriptors = (descriptors * (1 - limits.otherDescriptorsShare)) / each;
  return Math.max(1, Math.floor(Math.min(limits.maxOpenHandles, byMemory, byDescriptors)));
}
