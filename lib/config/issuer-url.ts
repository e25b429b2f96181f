/** Https, or http to this machine: whoever answers for an issuer says who is let in. */
export function isIssuersUrl(text: unknown): text is string {
  if (typeof text !== "string" || !URL.canParse(text)) return false;
  const { protocol, hostname, username } = new URL(text);
  if (username) return false;
  return (
    protocol === "https:" || (protocol === "http:" && /^(127(\.\d+){3}|\[::1\]|localhost)$/.test(hostname))
  );
}
