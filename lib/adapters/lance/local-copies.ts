import { limits } from "../../config/limits.ts";
import type { Stores } from "../../domain/ports.ts";
import type { LanceConnections } from "./connections.ts";
import { Replicas } from "./replicas.ts";

/** What this machine's disk holds of generations in object stores. */
export interface LocalCopies {
  /** Whole ones. */
  replicas: Replicas;
  /** Their indexes, until there is a whole one. */
  indexes: Replicas;
  close(): Promise<void>;
}

/** @param maxBytes of all replicas together; 0 for none */
export function localCopies(connections: LanceConnections, stores: Stores, maxBytes: number): LocalCopies {
  const replicas = wholeReplicas(connections, stores, maxBytes);
  const indexes = indexReplicas(connections, stores, maxBytes);
  const close = async () => {
    await Promise.all([replicas.close(), indexes.close()]);
  };
  return { replicas, indexes, close };
}

/** Whole generations, filled behind the first answers. */
function wholeReplicas(connections: LanceConnections, stores: Stores, maxBytes: number): Replicas {
  return new Replicas(connections, stores, {
    maxBytes,
    concurrency: limits.replicaConcurrency,
    pause: limits.replicaPause,
    warm: true,
  });
}

/**
 * Generations without their rows: the indexes, which rows are deleted, the manifest. A few large reads get them before the
 * first answer, where a search would read each partition by itself (bench/NOTES.md).
 */
function indexReplicas(connections: LanceConnections, stores: Stores, maxBytes: number): Replicas {
  return new Replicas(connections, stores, {
    maxBytes: Math.floor(maxBytes * limits.indexReplicasShare),
    maxCopyBytes: limits.indexReplicaMaxBytes,
    concurrency: limits.diskCopyConcurrency,
    isWanted: (key) => !key.includes("/data/"),
    warm: false,
  });
}
