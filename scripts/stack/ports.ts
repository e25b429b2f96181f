import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";

/** The wanted ports where nobody has them, free ones for the others; never the same twice. */
export async function choosePorts(wanted: number[]): Promise<number[]> {
  const servers: Server[] = [];
  for (const port of wanted) servers.push(await listen(port).catch(() => listen(0)));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}

async function listen(port: number): Promise<Server> {
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}
