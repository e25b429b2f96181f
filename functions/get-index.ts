import { describeWritten } from "../lib/domain/documents/describe-written.ts";
import { listVersions } from "../lib/domain/documents/list-versions.ts";
import { byRoute } from "../lib/http/by-route.ts";
import { httpHandler } from "../lib/http/http-handler.ts";
import { indexOperations } from "../lib/http/operations/indexes.ts";
import { readers } from "../lib/readers.ts";

const described = httpHandler(indexOperations, "getIndex", readers, async ({ path }, deps) => ({
  body: await describeWritten(deps, path.index),
}));

const versions = httpHandler(indexOperations, "listVersions", readers, async ({ path, query }, deps) => ({
  body: await listVersions(deps, path.index, query),
}));

export const handler = byRoute(described, [[indexOperations.listVersions, versions]]);
