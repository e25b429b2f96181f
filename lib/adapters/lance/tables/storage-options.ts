import { limits } from "../../../config/limits.ts";
import type { Bucket } from "../../../domain/bucket.ts";

/** What LanceDB is told of a bucket's store. Without credentials it takes those of the environment, as AWS clients do. */
export function storageOptionsOf(bucket: Bucket): Record<string, string> {
  if (bucket.backend === "local") return {};
  return {
    // names as LanceDB keeps them: under any other it adds those of the environment, and either may win
    aws_region: bucket.region ?? "us-east-1",
    timeout: `${limits.storeTimeoutMs}ms`,
    connect_timeout: `${limits.storeConnectTimeoutMs}ms`,
    client_max_retries: "4",
    client_retry_timeout: "20",
    pool_max_idle_per_host: String(limits.idleSockets),
    pool_idle_timeout: `${limits.idleSocketMs}ms`,
    ...(bucket.endpoint ? { aws_endpoint: bucket.endpoint, aws_virtual_hosted_style_request: "false" } : {}),
    ...(bucket.allowHttp ? { allow_http: "true" } : {}),
    ...(isGuarded(bucket) ? { aws_unsigned_payload: "true" } : {}),
    ...credentialOptions(bucket),
  };
}

/**
 * Whether what is sent arrives as it was sent, by TLS or since it never leaves this machine. Then only requests are signed and
 * not their bodies, as AWS' own clients do over TLS: their SHA-256 took a tenth of a load on either side (bench/NOTES.md).
 */
function isGuarded({ endpoint, allowHttp }: Bucket): boolean {
  if (!allowHttp) return true;
  if (!endpoint) return false;
  const { protocol, hostname } = new URL(endpoint);
  return protocol === "https:" || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

function credentialOptions({ credentials }: Bucket): Record<string, string> {
  if (!credentials) return {};
  return {
    aws_access_key_id: credentials.accessKeyId,
    aws_secret_access_key: credentials.secretAccessKey,
    aws_session_token: credentials.sessionToken ?? "",
  };
}
