import type { FileBytes } from "../files/file-bytes.ts";
import { type Centroids, type IndexFile, readIndexFile } from "../files/index-file.ts";

/** An index as it was built or folded in, with partitions of its own; a vector index has one or some. */
export interface Segment {
  centroids: Centroids;
  files: (IndexFile & { path: string })[];
}

/** The parts of a vector index by its files. @throws Error where these do not tell of partitions */
export async function readSegments(files: Map<string, FileBytes>): Promise<Segment[]> {
  const read = [...files].map(async ([path, bytes]) => ({ path, ...(await readIndexFile(bytes)) }));
  const byFolder = Map.groupBy(await Promise.all(read), ({ path }) => path.slice(0, path.lastIndexOf("/")));
  return [...byFolder.values()].map(segmentWith);
}

function segmentWith(files: Segment["files"]): Segment {
  const centroids = files.find((file) => file.centroids)?.centroids;
  if (!centroids) throw new Error("an index whose centroids are not told");
  if (files.some(({ partitions }) => partitions !== centroids.count))
    throw new Error("files of an index that differ in their partitions");
  return { centroids, files };
}
