import { type OperationName, operations } from "../../lib/http/operations.ts";

/** Routes of one function, which tells them apart by the route's key. */
const shared: Record<string, string[]> = {
  search: ["warmIndex", "measureRecall"],
  "fetch-document": ["fetchDocuments", "listDocuments", "queryDocuments"],
  "get-index": ["listVersions"],
  "write-documents": ["patchDocument", "patchDocuments", "deleteDocument", "deleteDocuments"],
  keys: ["createKey", "listKeys", "rotateKey", "revokeKey"],
};
const fileOf = (name: string) =>
  Object.keys(shared).find((file) => shared[file]?.includes(name)) ??
  name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

export type Handler = (
  event: never,
  context: never,
) => Promise<{ statusCode: number; headers: Record<string, string>; body: string }>;

export type HandlerName = OperationName | "notFound";

/** The handlers of all routes in this process, which is configured by then. */
export async function importHandlers(): Promise<Map<HandlerName, Handler>> {
  const names = [...Object.keys(operations), "notFound"] as HandlerName[];
  const imported = names.map(async (name): Promise<[HandlerName, Handler]> => {
    const { handler } = await import(`../../functions/${fileOf(name)}.ts`);
    return [name, handler];
  });
  return new Map(await Promise.all(imported));
}
