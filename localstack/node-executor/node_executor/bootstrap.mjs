// Runs one Lambda handler: a message a line comes over the socket, "R" and a result or "E" and an error goes back.
import { existsSync, realpathSync } from "node:fs";
import Module, { isBuiltin, registerHooks } from "node:module";
import { Socket } from "node:net";
import { delimiter, resolve, sep } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";

const env = process.env;
const socket = new Socket({ fd: Number(env.LAMBDA_SOCKET) });
delete env.LAMBDA_SOCKET;
for (const { _handle } of [process.stdout, process.stderr]) _handle.setBlocking?.(true); // printed before it is answered
socket.on("error", () => process.exit(0));
socket.on("close", () => process.exit(0)); // whoever invokes is gone: so is the reason to go on

// The code lies in a folder of the project, whose node_modules would hide what is missing in the zip or in the layer:
// packages are looked for in those two and nowhere else. Along NODE_PATH go requires by themselves; AWS lets imports
// of ES modules go there as well.
const layers = (env.NODE_PATH ?? "").split(delimiter).filter(existsSync);
const roots = [env.LAMBDA_TASK_ROOT, ...layers].map((folder) => realpathSync(folder));
const isInside = (path) => roots.some((root) => path === root || path.startsWith(root + sep));
const beside = layers.map((folder) => pathToFileURL(resolve(folder, "../from-here.js")).href);

const foldersUpwards = Module._nodeModulePaths;
Module._nodeModulePaths = (from) => foldersUpwards(from).filter(isInside);

registerHooks({
  resolve(specifier, context, next) {
    const isPackage = !/^[./#]|^[a-z]+:/.test(specifier) && !isBuiltin(specifier);
    if (!isPackage || context.conditions.includes("require")) return next(specifier, context);
    for (const parentURL of [context.parentURL, ...beside])
      try {
        const found = next(specifier, { ...context, parentURL });
        if (isInside(fileURLToPath(found.url))) return found;
      } catch {}
    const message = `Cannot find package '${specifier}' imported from ${context.parentURL}`;
    throw Object.assign(new Error(message), { code: "ERR_MODULE_NOT_FOUND" });
  },
});

async function load() {
  const [, file, names] = /^(.*\/?[^/.]+)\.(.+)$/.exec(env._HANDLER) ?? [];
  const base = resolve(env.LAMBDA_TASK_ROOT, file ?? "");
  const extension = [".mjs", ".js", ".cjs"].find((one) => existsSync(base + one));
  if (!extension) throw named("Runtime.ImportModuleError", `Error: Cannot find module '${base}'`);
  const module = await import(pathToFileURL(base + extension).href);
  const handler = [module, module.default].map((root) =>
    names.split(".").reduce((o, name) => o?.[name], root),
  );
  const found = handler.find((one) => typeof one === "function");
  if (!found) throw named("Runtime.HandlerNotFound", `${env._HANDLER} is undefined or not exported`);
  return found;
}

function named(name, message) {
  return Object.assign(new Error(message), { name });
}

function contextOf(message, deadline) {
  return {
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    invokedFunctionArn: message["invoked-function-arn"],
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    awsRequestId: message["invoke-id"],
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

function describe(error) {
  if (!(error instanceof Error)) return { errorType: typeof error, errorMessage: String(error), trace: [] };
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? "").split("\n") };
}

async function answer(message) {
  env._X_AMZN_TRACE_ID = message["trace-id"];
  const deadline = Date.now() + message["timeout-ms"];
  try {
    const handler = await ready;
    const result = await handler(JSON.parse(message.payload || "{}"), contextOf(message, deadline));
    return `R${JSON.stringify(result) ?? "null"}\n`;
  } catch (error) {
    console.error(error);
    return `E${JSON.stringify(describe(error))}\n`;
  }
}

const ready = load();
ready.catch(() => {}); // reported by the first invocation

for await (const line of createInterface({ input: socket })) socket.write(await answer(JSON.parse(line)));
process.exit(0);
