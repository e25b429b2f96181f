import type { GenerationRef } from "../../../domain/index/index-entry.ts";
import type { Copy } from "./copy.ts";
import type { Wanted } from "./wanted.ts";

/** Which copies of generations are made, and how. */
export interface ReplicaOptions {
  /** What they are for. */
  kind: "replica" | "index-copy";
  /** Of all replicas together; 0 for none. */
  maxBytes: number;
  /** None is made for which more is to be read. */
  maxReadBytes?: number;
  /** Requests at a time. */
  concurrency: number;
  /** As of CopyOptions. */
  pause?: number;
  /** As of CopyOptions. */
  nearestOnly?: boolean;
  /** Whether the vectors are copied last, and what needs none is read before they are there. */
  vectorsLast?: boolean;
  /** Whether it is open before it has its parts, where an opening tells where they lie. */
  inParts?: boolean;
  /** Whether its indexes are read before it is used. */
  warm: boolean;
  /** Another copy of the generation, to link files of where there is no earlier replica. */
  beside?: (ref: GenerationRef) => Copy | undefined;
}

/** How one of them is made. */
export function copyOptionsOf(options: ReplicaOptions, { published, version, pause }: Wanted) {
  const { maxBytes, maxReadBytes, concurrency, nearestOnly, vectorsLast } = options;
  return {
    ...{ version, maxBytes, concurrency, pause: pause ?? options.pause ?? 0 },
    ...(maxReadBytes === undefined ? {} : { maxReadBytes }),
    ...(nearestOnly ? { nearestOnly } : {}),
    ...(vectorsLast ? { vectorColumn: published.vectorColumn } : {}),
  };
}
