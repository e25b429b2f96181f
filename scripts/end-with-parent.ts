import { Socket } from "node:net";

/**
 * Loaded into a child process before anything else (`--import`), which then ends with its process group when its parent
 * does, however that ended: the pipe between them closes. The pipe is descriptor 3.
 */
const endTimeoutMs = 10_000;

new Socket({ fd: 3 })
  .on("error", () => undefined)
  .on("close", () => {
    setTimeout(() => process.kill(-process.pid, "SIGKILL"), endTimeoutMs).unref();
    process.kill(-process.pid, "SIGTERM");
  })
  .resume()
  .unref();
