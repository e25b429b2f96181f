import { container } from "../lib/container.ts";
import { deleteDocuments } from "../lib/domain/documents/delete-documents.ts";
import { patchDocuments } from "../lib/domain/documents/patch-documents.ts";
import { writeDocuments } from "../lib/domain/documents/write-documents.ts";
import { byRoute } from "../lib/http/by-route.ts";
import { httpHandler } from "../lib/http/http-handler.ts";
import { keyedWrite } from "../lib/http/keyed-write.ts";
import { documentOperations } from "../lib/http/operations/documents.ts";

const written = httpHandler(
  documentOperations,
  "writeDocuments",
  container,
  async ({ path: { index }, query: { mode }, headers, body: { documents }, timeoutMs }, deps) => {
    const keyed = keyedWrite(headers["idempotency-key"], "write", index, mode, documents);
    return { body: await writeDocuments(deps, { index, mode, documents, keyed }, timeoutMs()) };
  },
);

const deleted = httpHandler(
  documentOperations,
  "deleteDocuments",
  container,
  async ({ path: { index }, headers, body, timeoutMs }, deps) => {
    const keyed = keyedWrite(headers["idempotency-key"], "delete", index, body);
    return { body: await deleteDocuments(deps, index, body, keyed, timeoutMs()) };
  },
);

const deletedOne = httpHandler(
  documentOperations,
  "deleteDocument",
  container,
  async ({ path: { index, docId }, headers, timeoutMs }, deps) => {
    const asked = { ids: [docId], dryRun: false };
    const keyed = keyedWrite(headers["idempotency-key"], "delete", index, asked);
    return { body: await deleteDocuments(deps, index, asked, keyed, timeoutMs()) };
  },
);

const patched = httpHandler(
  documentOperations,
  "patchDocuments",
  container,
  async ({ path: { index }, headers, body, timeoutMs }, deps) => {
    const keyed = keyedWrite(headers["idempotency-key"], "patch", index, body);
    return { body: await patchDocuments(deps, index, body, keyed, timeoutMs()) };
  },
);

const patchedOne = httpHandler(
  documentOperations,
  "patchDocument",
  container,
  async ({ path: { index, docId }, headers, body, timeoutMs }, deps) => {
    const asked = { ...body, docId };
    const keyed = keyedWrite(headers["idempotency-key"], "patch", index, asked);
    return { body: await patchDocuments(deps, index, asked, keyed, timeoutMs()) };
  },
);

/** In the same container, where writes of one index wait for each other without asking the store. */
export const handler = byRoute(written, [
  [documentOperations.deleteDocuments, deleted],
  [documentOperations.deleteDocument, deletedOne],
  [documentOperations.patchDocuments, patched],
  [documentOperations.patchDocument, patchedOne],
]);
