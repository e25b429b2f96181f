import { LocalStore } from "../../../lib/adapters/store/local-store.ts";
import { DomainError } from "../../../lib/domain/errors.ts";

/** Adds one to the object `counter`, so many times, against whoever does the same. */
const [root = "", times = "0"] = process.argv.slice(2);
const store = new LocalStore(root);
for (let left = Number(times); left > 0; ) {
  const read = await store.get("counter");
  if (!read) throw new Error("the counter is gone");
  const next = String(Number(new TextDecoder().decode(read.body)) + 1);
  try {
    await store.put("counter", new TextEncoder().encode(next), { ifMatch: read.etag });
    left -= 1;
  } catch (error) {
    if (!(error instanceof DomainError && error.kind === "Conflict")) throw error;
  }
}
