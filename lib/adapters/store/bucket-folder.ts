import { readdir, realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, relative } from "node:path";
import { DomainError } from "../../domain/errors.ts";
import { ifThere, isAbsent } from "./file-errors.ts";

/** The folder of a local bucket. Links may lead anywhere within it; it may be one itself. */
export class BucketFolder {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  pathOf(key: string): string {
    return join(this.#root, key);
  }

  /**
   * Where the file or folder at a path of the bucket really is.
   * @throws OutsideBucket; ENOENT where nothing is there
   */
  async realPath(path: string): Promise<string> {
    const [root, real] = await Promise.all([realpath(this.#root), realpath(path)]);
    const way = relative(root, real);
    if (way !== ".." && !way.startsWith("../") && !isAbsolute(way)) return real;
    throw outside(relative(this.#root, path));
  }

  /** For a path that will be written to: the folders to it that are there lie in the bucket. @throws OutsideBucket */
  async refuseOutside(path: string): Promise<void> {
    for (let folder = dirname(path); folder.length >= this.#root.length; folder = dirname(folder)) {
      try {
        await this.realPath(folder);
        return;
      } catch (error) {
        if (!isAbsent(error)) throw error;
      }
    }
  }

  /** The same for a folder that others read and write: what is in it may be links, too. @throws OutsideBucket */
  async refuseLinksOut(folder: string): Promise<void> {
    await this.refuseOutside(join(folder, "any"));
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => []))
      if (entry.isSymbolicLink()) await this.realPath(join(folder, entry.name)).catch(ifThere);
  }
}

function outside(key: string): DomainError {
  const message = "a link leads out of the bucket; register the folder it leads to as a bucket of its own";
  return new DomainError("OutsideBucket", `${key}: ${message}`, { issues: [{ path: key, message }] });
}
