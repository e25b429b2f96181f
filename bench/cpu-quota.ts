import { mkdir, rmdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

const groups = "/sys/fs/cgroup/cpu";
/** Lambda's own, as far as is known: a share is used up and given back in so short a time. */
const periodUs = 20_000;

/** A share of this machine's processors that processes and their threads have together (cgroup v1, as root). */
export class CpuQuota {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @param cores may be fewer than one; more than the machine has are those it has */
  static async of(cores: number): Promise<CpuQuota> {
    const folder = join(groups, `bench-${process.pid}-${Math.round(cores * 1_000)}`);
    await mkdir(folder);
    await writeFile(join(folder, "cpu.cfs_period_us"), String(periodUs));
    await writeFile(join(folder, "cpu.cfs_quota_us"), String(Math.round(cores * periodUs)));
    return new CpuQuota(folder);
  }

  /** What makes a Node process of this environment join it. */
  get environment(): Record<string, string> {
    const joining = resolve(import.meta.dirname, "join-cpu-quota.ts");
    return { CPU_QUOTA: join(this.#folder, "cgroup.procs"), NODE_OPTIONS: `--import=${joining}` };
  }

  /** When its processes have ended. */
  async remove(): Promise<void> {
    await rmdir(this.#folder);
  }
}
