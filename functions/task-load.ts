import { container, readyDecoder } from "../lib/container.ts";
import { taskHandler } from "../lib/task/task-handler.ts";

void readyDecoder();

export const handler = taskHandler("load", container);
