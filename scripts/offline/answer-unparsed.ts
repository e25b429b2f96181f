import { type Server, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { badRequest } from "../../lib/domain/errors.ts";
import { refusal } from "../../lib/http/refusal.ts";

const reasons: Record<string, string> = {
  HPE_HEADER_OVERFLOW: "its line and headers together have more than 16,384 bytes",
  HPE_INVALID_METHOD: "no such method",
  ERR_HTTP_REQUEST_TIMEOUT: "did not arrive in time",
};

/** Answers what a server makes no request of as a bad request. */
export function answerUnparsed(listener: Server): void {
  const refused = new WeakSet<Duplex>();
  const refuse = (socket: Duplex, message: string) => {
    if (refused.has(socket)) return; // each further piece of it is an error, too
    refused.add(socket);
    void answer(socket, message);
  };
  listener.removeAllListeners("clientError"); // hapi's own answers without a body
  listener.on("clientError", ({ code = "" }: NodeJS.ErrnoException, socket) => {
    if (code === "ECONNRESET" || !socket.writable) socket.destroy();
    else refuse(socket, reasons[code] ?? "is not valid HTTP");
  });
  listener.on("connect", (_, socket) => refuse(socket, "CONNECT is for proxies"));
  listener.on("checkExpectation", ({ socket }) => refuse(socket, "expects what is not known here"));
  Object.assign(listener, { requireHostHeader: false }); // without one Node would answer by itself
}

async function answer(socket: Duplex, message: string): Promise<void> {
  socket.on("error", () => socket.destroy());
  const { statusCode, headers, body } = await refusal(badRequest({ path: "request", message }));
  const all = { ...headers, "content-length": Buffer.byteLength(body), connection: "close" };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  socket.end([`HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}`, ...lines, "", body].join("\r\n"));
}
