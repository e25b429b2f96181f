import type { Bucket, Credentials } from "../../domain/bucket.ts";

type Signing = Pick<Bucket, "credentials" | "region" | "endpoint">;

/**
 * What a bucket's requests are signed with: its own credentials, those of the environment, which a Lambda has, or what
 * the AWS client finds, a profile or a role, which takes the client's 60 ms.
 */
export function credentialsFor(bucket: Signing): () => Promise<Credentials> {
  let found: (() => Promise<Credentials>) | undefined;
  return async () => {
    const known = bucket.credentials ?? ofEnvironment(process.env);
    if (known) return known;
    found ??= await ofClient(bucket);
    return found();
  };
}

/** A profile that is named goes first, as in every AWS client. */
function ofEnvironment(variables: NodeJS.ProcessEnv): Credentials | undefined {
  const accessKeyId = variables["AWS_ACCESS_KEY_ID"];
  const secretAccessKey = variables["AWS_SECRET_ACCESS_KEY"];
  if (!accessKeyId || !secretAccessKey || variables["AWS_PROFILE"]) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: variables["AWS_SESSION_TOKEN"] };
}

async function ofClient(bucket: Signing): Promise<() => Promise<Credentials>> {
  const { s3ClientFor } = await import("./s3-client.ts");
  return s3ClientFor(bucket).config.credentials; // keeps them until they expire
}
