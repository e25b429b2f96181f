/**
 * Appends of which some are under way at a time: while one is committed the next is sent. They are acknowledged in the order
 * in which they began, so that whoever ends leaves none in doubt but these.
 */
export class AppendsUnderWay {
  readonly #most: number;
  readonly #open: Promise<void>[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Begins one when fewer than the most are under way.
   * @param acknowledge called when it and all before it have been appended
   * @throws what one before it threw
   */
  async begin(append: () => Promise<void>, acknowledge: () => Promise<void>): Promise<void> {
    while (this.#open.length >= this.#most) await this.#open.shift();
    const acknowledged = inOrder(append(), this.#open.at(-1), acknowledge);
    acknowledged.catch(() => undefined); // thrown to who waits for it
    this.#open.push(acknowledged);
  }

  /** When all are acknowledged. @throws what the first that failed threw */
  async done(): Promise<void> {
    while (this.#open.length > 0) await this.#open.shift();
  }

  /** When none is under way, however it ended. */
  async ended(): Promise<void> {
    await Promise.allSettled(this.#open);
  }
}

async function inOrder(
  append: Promise<void>,
  before: Promise<void> | undefined,
  acknowledge: () => Promise<void>,
): Promise<void> {
  await append;
  await before;
  await acknowledge();
}
