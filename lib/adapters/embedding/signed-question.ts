import aws4 from "aws4";
import type { Credentials } from "../../domain/bucket.ts";
import type { Question } from "./ask-service.ts";

/** What a service of AWS is asked by POST. */
export interface AwsQuestion {
  /** As signatures name it. */
  service: string;
  region: string;
  url: URL;
  headers: Record<string, string>;
  asked: object;
  credentials(): Promise<Credentials>;
}

/** The same with a signature, made anew for each attempt. */
export function signedQuestion({ service, region, url, headers, asked, credentials }: AwsQuestion): Question {
  const body = JSON.stringify(asked);
  const unsigned = { service, region, method: "POST", path: url.pathname, body };
  return {
    url: url.href,
    body,
    headers: async () => {
      const own = { host: url.host, ...headers };
      const signed = aws4.sign({ ...unsigned, headers: own }, await credentials());
      const { host: _, ...sent } = lowerCased(signed.headers ?? {});
      return sent;
    },
  };
}

/** Where AWS has a service, or where its clients are told that it is. @param host the first part of its name there */
export function awsEndpoint(host: string, region: string): string {
  const told = process.env[`AWS_ENDPOINT_URL_${host.toUpperCase().replaceAll("-", "_")}`];
  const own = `https://${host}.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
  return told || process.env["AWS_ENDPOINT_URL"] || own;
}

const lowerCased = (headers: object): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
