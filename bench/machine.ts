import { cpus, totalmem } from "node:os";
import { versions } from "../lib/config/versions.ts";

/** What the figures were measured on. */
export function machine(): Record<string, string> {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? "unknown",
    cores: `${processors.length} cores`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    node: `Node ${process.version}`,
    lancedb: `LanceDB ${versions["@lancedb/lancedb"] ?? "unknown"}`,
    date: new Date().toISOString().slice(0, 10),
  };
}
