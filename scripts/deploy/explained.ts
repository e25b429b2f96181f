const remedies: [RegExp, string][] = [
  [
    /CredentialsProviderError/,
    "there are no credentials of AWS: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
  ],
  [/ExpiredToken|TokenRefreshRequired/, "the credentials have expired: log in again"],
  [
    /InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|AuthFailure|InvalidAccessKeyId/,
    "AWS does not take the credentials: look at AWS_PROFILE, AWS_ACCESS_KEY_ID and the clock of this machine",
  ],
  [/AccessDenied|UnauthorizedOperation/, "docs/deployment.md lists what who deploys has to be allowed"],
  [
    /TimeoutError|ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN/,
    "AWS does not answer: look at the network and --region",
  ],
];

/** What went wrong and what to do about it. */
export function explained(error: unknown): string {
  const {
    name = "",
    message = String(error),
    code = "",
  } = error as { name?: string; message?: string; code?: string };
  const remedy = remedies.find(([pattern]) => pattern.test(`${name} ${code}`))?.[1];
  return remedy ? `${message || name}\n${remedy}` : message || name;
}
