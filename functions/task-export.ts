import { container } from "../lib/container.ts";
import { taskHandler } from "../lib/task/task-handler.ts";

export const handler = taskHandler("export", container);
