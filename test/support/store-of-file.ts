import type { ObjectStore } from "../../lib/domain/object-store.ts";

type OnRead = (key: string, start: number, end: number) => unknown;

/**
 * A store that has one file under every name.
 * @param fileNow as it is when it is read
 * @param onRead waited for before each read is answered
 */
export function storeOfFile(fileNow: () => Uint8Array, onRead: OnRead = () => undefined): ObjectStore {
  const read = async (key: string, start: number, end: number) => {
    await onRead(key, start, end);
    return fileNow().slice(start, end) as Uint8Array<ArrayBuffer>;
  };
  const readInto = async (key: string, start: number, into: Uint8Array) => {
    const bytes = await read(key, start, start + into.length);
    into.set(bytes);
    return bytes.length;
  };
  const store: Pick<ObjectStore, "stat" | "read" | "readInto"> = {
    stat: async () => ({ bytes: fileNow().length, identity: "" }),
    read,
    readInto,
  };
  return store as ObjectStore;
}
