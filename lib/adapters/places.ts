import { DomainError } from "../domain/errors.ts";

/** So many at a time of something that costs memory or descriptors; who comes later waits, first come, first served. */
export class Places {
  readonly #waiting: ((leave: () => void) => void)[] = [];
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  /** Whether somebody waits for a place. */
  get areWanted(): boolean {
    return this.#waiting.length > 0;
  }

  /** @returns what gives the place back, once; undefined when none is free */
  takeFree(): (() => void) | undefined {
    if (this.#free === 0) return undefined;
    this.#free -= 1;
    return this.#leaveOnce();
  }

  /** @throws DeadlineExceeded when no place became free in time */
  async take(waitMs: number): Promise<() => void> {
    return this.takeFree() ?? this.#wait(waitMs);
  }

  /** Does some work in a place of its own. @throws as take */
  async hold<T>(waitMs: number, work: () => Promise<T>): Promise<T> {
    const leave = await this.take(waitMs);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  #wait(waitMs: number): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const enter = (leave: () => void) => {
        clearTimeout(timer);
        resolve(leave);
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(new DomainError("DeadlineExceeded", `there was no room for it within ${waitMs} ms`));
      }, waitMs);
      this.#waiting.push(enter);
    });
  }

  #leaveOnce(): () => void {
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      const next = this.#waiting.shift();
      if (next) next(this.#leaveOnce());
      else this.#free += 1;
    };
  }
}
