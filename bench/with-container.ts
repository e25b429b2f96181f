import { readEnvironment } from "../lib/config/environment.ts";
import { loadBuckets } from "../lib/config/lakehouse.ts";
import { type Container, createContainer } from "../lib/container.ts";

/** Work with what a function has, in another environment than this process has; it is closed after. */
export async function withContainer<T>(
  environment: Record<string, string>,
  work: (container: Container) => Promise<T>,
): Promise<T> {
  const parsed = readEnvironment(environment);
  const container = createContainer(parsed, loadBuckets(parsed));
  try {
    return await work(container);
  } finally {
    await container.close();
  }
}
