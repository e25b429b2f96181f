import { randomInt } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";

/** Below the ports that systems give to outgoing connections: a server that is started again finds its port free. */
const freeRange = { from: 20_000, to: 32_000 };
const maxTries = 50;

/** The wanted ports where nobody has them, free ones for the others; never the same twice. */
export async function choosePorts(wanted: number[]): Promise<number[]> {
  const servers: Server[] = [];
  for (const port of wanted) servers.push((await listen(port)) ?? (await listenAnywhere()));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}

async function listenAnywhere(): Promise<Server> {
  for (let i = 0; i < maxTries; i++) {
    const server = await listen(randomInt(freeRange.from, freeRange.to));
    if (server) return server;
  }
  throw new Error(`no port between ${freeRange.from} and ${freeRange.to} is free`);
}

/** @returns undefined when the port is taken, or 0 */
async function listen(port: number): Promise<Server | undefined> {
  if (port === 0) return undefined;
  const server = createServer().listen(port, "127.0.0.1");
  const listening = once(server, "listening");
  return listening.then(
    () => server,
    () => undefined,
  );
}
