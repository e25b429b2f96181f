import { statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { limits } from "../../../config/limits.ts";

/** Bytes that a copy may have on the temporary disk. */
export async function roomFor(maxBytes = Number.POSITIVE_INFINITY): Promise<number> {
  const disk = await statfs(tmpdir());
  return Math.min(disk.bavail * disk.bsize * limits.diskCopyShare, maxBytes);
}
