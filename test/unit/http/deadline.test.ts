import { expect, test } from "vitest";
import { clientSignal } from "../../../lib/http/client-signal.ts";
import { withDeadline } from "../../../lib/http/deadline.ts";

const never = () => new Promise<never>(() => undefined);

test("the work's answer or error is the request's", async () => {
  expect(await withDeadline(1_000, undefined, async () => "done")).toBe("done");
  await expect(withDeadline(1_000, undefined, () => Promise.reject(new Error("own")))).rejects.toThrow("own");
});

test("when the time is over the work is told, and the request is answered", async () => {
  let told: AbortSignal | undefined;
  const work = (signal: AbortSignal) => {
    told = signal;
    return never();
  };
  await expect(withDeadline(10, undefined, work)).rejects.toMatchObject({ kind: "DeadlineExceeded" });
  expect(told?.aborted).toBe(true);
});

test("so it is when the client goes away; of one that is gone nothing is begun", async () => {
  const client = new AbortController();
  const waiting = withDeadline(60_000, client.signal, never);
  client.abort();
  await expect(waiting).rejects.toMatchObject({ kind: "ClientGone" });
  let begun = false;
  const late = withDeadline(60_000, client.signal, async () => {
    begun = true;
  });
  await expect(late).rejects.toMatchObject({ kind: "ClientGone" });
  expect(begun).toBe(false);
});

test("a client's signal is an object of this process, which no event of Lambda can hold", () => {
  const { signal } = new AbortController();
  const eventOf = (lambda: unknown) => ({ requestContext: { authorizer: { lambda } } }) as never;
  expect(clientSignal(eventOf({ signal }))).toBe(signal);
  for (const lambda of [{ signal: { aborted: true } }, { signal: "x" }, null, undefined])
    expect(clientSignal(eventOf(lambda))).toBeUndefined();
  expect(clientSignal({} as never)).toBeUndefined();
});
