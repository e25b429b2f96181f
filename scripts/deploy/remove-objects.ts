import { DeleteObjectsCommand, ListObjectVersionsCommand, type S3Client } from "@aws-sdk/client-s3";

/** Removes all objects whose keys start so, and their older versions. @returns how many */
export async function removeObjects(client: S3Client, Bucket: string, Prefix = ""): Promise<number> {
  for (let removed = 0; ; ) {
    const page = await versionsIn(client, Bucket, Prefix);
    if (page.length === 0) return removed;
    const Objects = page.map(({ Key, VersionId }) => ({ Key, VersionId }));
    const Delete = { Objects, Quiet: true };
    const { Errors = [] } = await client.send(new DeleteObjectsCommand({ Bucket, Delete }));
    if (Errors[0]) throw new Error(`${Errors[0].Key} of ${Bucket} stays: ${Errors[0].Message}`);
    removed += page.length;
  }
}

/** The first of them; what was removed is not among them the next time. */
async function versionsIn(client: S3Client, Bucket: string, Prefix: string) {
  try {
    const page = await client.send(new ListObjectVersionsCommand({ Bucket, Prefix }));
    return [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])];
  } catch (error) {
    if ((error as Error).name === "NoSuchBucket") return [];
    throw error;
  }
}
