/** Splits `s3://bucket/prefix` into the bucket and the prefix with its trailing slash. */
export function s3Location(root: string): { Bucket: string; prefix: string } {
  const [Bucket = "", ...segments] = root.slice("s3://".length).split("/");
  return { Bucket, prefix: segments.length > 0 ? `${segments.join("/")}/` : "" };
}
