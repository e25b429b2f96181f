import { DomainError } from "./errors.ts";
import { listed } from "./listed.ts";

/** What a store's client signs with. */
export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** A registered storage root. `root` of a local bucket is absolute; of an S3 one `s3://bucket[/prefix]`. */
export interface Bucket {
  name: string;
  backend: "local" | "s3";
  root: string;
  readOnly: boolean;
  region?: string;
  endpoint?: string;
  allowHttp?: boolean;
  /** What its store is signed in with, where that is not the process' own AWS identity. */
  credentials?: Credentials;
}

/** What a bucket's declaration says before its root is known. */
export interface BucketDeclaration {
  name: string;
  backend: "local" | "s3";
  bucket?: string;
  prefix?: string;
  path?: string;
}

/**
 * The root of a declared bucket.
 * @param dataRoot absolute folder of the local buckets
 */
export function bucketRoot(dataRoot: string, declared: BucketDeclaration): string {
  if (declared.backend === "s3") {
    const prefix = declared.prefix?.replace(/^\/+|\/+$/g, "");
    return `s3://${declared.bucket}${prefix ? `/${prefix}` : ""}`;
  }
  if (declared.path) return declared.path;
  const { name } = declared;
  if (name === "primary") return dataRoot;
  if (name === "rescue" || name === "testing") return `${dataRoot}/_${name}`;
  const folder = name.replaceAll(":", "_");
  return name.startsWith("profile:") ? `${dataRoot}/_profiles/${folder}` : `${dataRoot}/_buckets/${folder}`;
}

/** The buckets that are registered. A request can name no other. */
export class Buckets {
  readonly #byName: ReadonlyMap<string, Bucket>;

  constructor(buckets: readonly Bucket[]) {
    this.#byName = new Map(buckets.map((bucket) => [bucket.name, bucket]));
  }

  all(): Bucket[] {
    return [...this.#byName.values()];
  }

  /** @throws BucketNotFound naming the registered aliases */
  get(name: string): Bucket {
    const bucket = this.#byName.get(name);
    if (bucket) return bucket;
    const known = listed([...this.#byName.keys()]);
    throw new DomainError("BucketNotFound", `bucket "${name}" is not registered; registered are: ${known}`);
  }

  /** @throws BucketNotFound, BucketReadOnly */
  writable(name: string): Bucket {
    const bucket = this.get(name);
    if (bucket.readOnly)
      throw new DomainError("BucketReadOnly", `bucket "${name}" is registered as read-only`);
    return bucket;
  }
}

/**
 * The LanceDB database URI of an index; its generations are tables in it, open to any LanceDB client.
 * @throws BucketNotFound
 */
export function lanceUriFor(buckets: Buckets, bucket: string, index: string): string {
  return `${buckets.get(bucket).root}/lance/${index}`;
}
