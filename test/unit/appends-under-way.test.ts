import { expect, test } from "vitest";
import { AppendsUnderWay } from "../../lib/domain/load/appends-under-way.ts";

/** Appends that end when they are told to, and what was acknowledged. */
function recorded(most: number) {
  const appends = new AppendsUnderWay(most);
  const begun: number[] = [];
  const acknowledged: number[] = [];
  const ends = new Map<number, PromiseWithResolvers<void>>();
  const begin = (one: number) => {
    const end = Promise.withResolvers<void>();
    ends.set(one, end);
    const append = () => {
      begun.push(one);
      return end.promise;
    };
    return appends.begin(append, async () => void acknowledged.push(one));
  };
  return { appends, begun, acknowledged, begin, end: (one: number) => ends.get(one) };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("no more are under way than may be", async () => {
  const { begin, begun, end } = recorded(2);
  await Promise.all([begin(0), begin(1)]);
  const third = begin(2);
  await settled();
  expect(begun).toEqual([0, 1]);
  end(0)?.resolve();
  await third;
  expect(begun).toEqual([0, 1, 2]);
});

test("what ends before one that began earlier is acknowledged after it, and counts until then", async () => {
  const { begin, begun, acknowledged, end } = recorded(2);
  await begin(0);
  await begin(1);
  end(1)?.resolve();
  const third = begin(2);
  await settled();
  expect([begun, acknowledged]).toEqual([[0, 1], []]);
  end(0)?.resolve();
  await third;
  await settled();
  expect(acknowledged).toEqual([0, 1]);
});

test("after a failure nothing later is acknowledged or begun, and who ends waits for what is under way", async () => {
  const { appends, begin, begun, acknowledged, end } = recorded(2);
  await begin(0);
  await begin(1);
  const third = expect(begin(2)).rejects.toThrow("refused");
  end(0)?.reject(new Error("refused"));
  await third;
  let hasEnded = false;
  const ended = appends.ended().then(() => {
    hasEnded = true;
  });
  await settled();
  expect(hasEnded).toBe(false);
  end(1)?.resolve();
  await ended;
  expect([begun, acknowledged]).toEqual([[0, 1], []]);
});

test("a failure waits for who asks for it", async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on("unhandledRejection", note);
  const { appends, begin, end } = recorded(2);
  await begin(0);
  end(0)?.reject(new Error("refused"));
  await settled();
  await settled();
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
  await expect(appends.done()).rejects.toThrow("refused");
});

test("when all are done none is left to wait for", async () => {
  const { appends, begin, acknowledged, end } = recorded(2);
  await begin(0);
  await begin(1);
  end(0)?.resolve();
  end(1)?.resolve();
  await appends.done();
  expect(acknowledged).toEqual([0, 1]);
  await appends.done();
});

test("when all are done all are acknowledged; a failure among the last is told", async () => {
  const { appends, begin, acknowledged, end } = recorded(2);
  await begin(0);
  await begin(1);
  end(0)?.resolve();
  end(1)?.reject(new Error("refused"));
  await expect(appends.done()).rejects.toThrow("refused");
  expect(acknowledged).toEqual([0]);
});
