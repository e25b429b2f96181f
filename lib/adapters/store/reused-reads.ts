import type { Agent } from "node:http";
import type { Socket } from "node:net";
import { limits } from "../../config/limits.ts";

const memories = new WeakSet<ArrayBufferLike>();

/**
 * Connections of an agent read into memory of their own again and again. By itself Node takes 64 KB for every read, which is
 * copied once more by its HTTP parser and left to the garbage collector: half of what a download takes in time (bench/NOTES.md).
 */
export function reuseReads(agent: Agent): Agent {
  const connect = agent.createConnection;
  agent.createConnection = (options, callback) =>
    connect.call(
      agent,
      { ...options, onread: { buffer: memory(), callback: passOn } } as typeof options,
      callback,
    );
  return agent;
}

function memory(): Uint8Array {
  const made = Buffer.allocUnsafeSlow(limits.socketReadBytes);
  memories.add(made.buffer);
  return made;
}

/** As the event that the parser waits for; it has taken its copy when the event is over. */
function passOn(this: Socket, bytes: number, buffer: Uint8Array): boolean {
  this.emit("data", buffer.subarray(0, bytes));
  return true;
}

/** @throws should the parser of some Node hand out what it was given: the next read would write over it */
export function refuseReused(chunk: Uint8Array): void {
  if (memories.has(chunk.buffer)) throw new Error("this Node does not copy what its HTTP parser is given");
}
