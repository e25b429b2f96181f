import { KeyRegistry } from "../lib/domain/access/key-registry.ts";
import { byRoute } from "../lib/http/by-route.ts";
import { httpHandler } from "../lib/http/http-handler.ts";
import { keyOperations as operations } from "../lib/http/operations/keys.ts";
import { readers } from "../lib/readers.ts";

const registry = () => new KeyRegistry(readers().stores("primary"), readers().clock);

const created = httpHandler(operations, "createKey", readers, async ({ body }) => {
  const key = await registry().make(body);
  return { body: key, headers: { location: `/keys/${key.id}` } };
});
const listed = httpHandler(operations, "listKeys", readers, async ({ query }) => ({
  body: await registry().list(query.cursor, query.limit),
}));
const rotated = httpHandler(operations, "rotateKey", readers, async ({ path, query }) => ({
  body: await registry().rotate(path.id, query.graceSeconds * 1_000),
}));
const revoked = httpHandler(operations, "revokeKey", readers, async ({ path }) => ({
  body: await registry().revoke(path.id),
}));

/** What makes keys, and nothing else. */
export const handler = byRoute(created, [
  [operations.listKeys, listed],
  [operations.rotateKey, rotated],
  [operations.revokeKey, revoked],
]);
