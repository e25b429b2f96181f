import { type Container, container } from "../lib/container.ts";
import { deleteDocuments } from "../lib/domain/documents/delete-documents.ts";
import { patchDocuments } from "../lib/domain/documents/patch-documents.ts";
import type { Written } from "../lib/domain/documents/receipts.ts";
import type { KeyedWrite } from "../lib/domain/documents/stored-turn.ts";
import { writeDocuments } from "../lib/domain/documents/write-documents.ts";
import { byRoute } from "../lib/http/by-route.ts";
import { type HttpRequest, httpHandler } from "../lib/http/http-handler.ts";
import { keyedWrite } from "../lib/http/keyed-write.ts";
import { documentOperations as operations } from "../lib/http/operations/documents.ts";

/** A write, with what is kept of its request where it has an Idempotency-Key. */
function writing<N extends keyof typeof operations>(
  name: N,
  write: (
    request: HttpRequest<(typeof operations)[N]>,
    deps: Container,
    keyed?: KeyedWrite,
  ) => Promise<Written>,
) {
  return httpHandler(operations, name, container, async (request, deps) => {
    const { headers, path, query, body }: HttpRequest<(typeof operations)["writeDocuments"]> =
      request as never;
    const keyed = keyedWrite(headers["idempotency-key"], name, path, query, body);
    return { body: await write(request, deps, keyed) };
  });
}

const written = writing("writeDocuments", ({ path, query, body, timeoutMs }, deps, keyed) =>
  writeDocuments(deps, { ...path, ...query, ...body, keyed }, timeoutMs()),
);
const deleted = writing("deleteDocuments", ({ path, body, timeoutMs }, deps, keyed) =>
  deleteDocuments(deps, path.index, body, keyed, timeoutMs()),
);
const deletedOne = writing("deleteDocument", ({ path: { index, docId }, timeoutMs }, deps, keyed) =>
  deleteDocuments(deps, index, { ids: [docId], dryRun: false }, keyed, timeoutMs()),
);
const patched = writing("patchDocuments", ({ path, body, timeoutMs }, deps, keyed) =>
  patchDocuments(deps, path.index, body, keyed, timeoutMs()),
);
const patchedOne = writing("patchDocument", ({ path: { index, docId }, body, timeoutMs }, deps, keyed) =>
  patchDocuments(deps, index, { ...body, docId }, keyed, timeoutMs()),
);

/** In the same container, where writes of one index wait for each other without asking the store. */
export const handler = byRoute(written, [
  [operations.deleteDocuments, deleted],
  [operations.deleteDocument, deletedOne],
  [operations.patchDocuments, patched],
  [operations.patchDocument, patchedOne],
]);
