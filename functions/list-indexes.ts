import { EntryList } from "../lib/domain/index/entry-list.ts";
import { listIndexes } from "../lib/domain/search/describe-index.ts";
import { httpHandler } from "../lib/http/http-handler.ts";
import { indexOperations } from "../lib/http/operations/indexes.ts";
import { readers } from "../lib/readers.ts";

let shared: EntryList | undefined;

function entries(): EntryList {
  const { stores, clock, fallbacks } = readers();
  shared ??= new EntryList(stores("primary"), clock, fallbacks);
  return shared;
}

export const handler = httpHandler(indexOperations, "listIndexes", readers, async ({ query }, { sees }) => ({
  body: await listIndexes(entries(), query, sees),
}));
