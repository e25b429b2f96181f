import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { promisify } from "node:util";

export interface Certificate {
  key: string;
  cert: string;
}

/** A certificate for 127.0.0.1 that this process trusts from then on. */
export async function trustedCertificate(): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), "certificate-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const files = ["-keyout", key, "-out", cert, "-days", "2"];
  await promisify(execFile)("openssl", ["req", "-x509", ...curve, ...files, ...subject], { timeout: 10_000 });
  const made = { key: await readFile(key, "utf8"), cert: await readFile(cert, "utf8") };
  await rm(folder, { recursive: true });
  setDefaultCACertificates([...getCACertificates(), made.cert]);
  return made;
}
