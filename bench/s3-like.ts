import { FaultProxy } from "../test/support/fault-proxy.ts";
import { seededNormal } from "./seeded-random.ts";

/** A request's wait, in milliseconds: log-normal, half of them below the one, one in a hundred above the other. */
const latency = { p50: 20, p99: 80 };
/** Of the normal distribution: 99 % lie below so many deviations. */
const deviationsOfP99 = 2.326;
/** What one connection to S3 carries. */
const bytesPerSecond = 90_000_000;

/** What the store was asked since it was last told. */
export interface AskedOfStore {
  requests: number;
  /** By operation, such as `GetObject`. */
  operations: Record<string, number>;
  bytes: number;
}

/** A store of this machine made as far away as S3: each request waits, each connection has a bandwidth, all are counted. */
export class S3Like {
  readonly #proxy: FaultProxy;

  private constructor(proxy: FaultProxy) {
    this.#proxy = proxy;
  }

  /** @param endpoint of the store */
  static async before(endpoint: string): Promise<S3Like> {
    const proxy = await FaultProxy.start(endpoint);
    const wait = seededWait(1);
    proxy.bytesPerSecond = bytesPerSecond;
    proxy.fault = () => ({ kind: "delay", ms: wait() });
    return new S3Like(proxy);
  }

  get endpoint(): string {
    return this.#proxy.endpoint;
  }

  /** @returns what it was asked since the last time */
  takeCounts(): AskedOfStore {
    const { requests, operations, bytesDown } = this.#proxy.counts;
    this.#proxy.resetCounts();
    return { requests, operations: operations as Record<string, number>, bytes: bytesDown };
  }

  async stop(): Promise<void> {
    await this.#proxy.stop();
  }
}

/** The same waits in every run, in milliseconds. */
export function seededWait(seed: number): () => number {
  const normal = seededNormal(seed);
  const deviation = Math.log(latency.p99 / latency.p50) / deviationsOfP99;
  return () => latency.p50 * Math.exp(deviation * normal());
}
