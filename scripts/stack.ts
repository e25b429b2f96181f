import { developmentRun } from "./stack/folders.ts";
import type { Stack } from "./stack/stack.ts";
import { type Ports, startStack } from "./stack/start-stack.ts";

const wanted: Ports = {
  minio: Number(process.env["STACK_MINIO_PORT"] ?? 9000),
  localstack: Number(process.env["STACK_LOCALSTACK_PORT"] ?? 4566),
  http: Number(process.env["PORT"] ?? 3000),
};

// Ended by hand, what was under way ends as well; what runs already is ended by `npm run stack:down`.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

try {
  const before = performance.now();
  const lines: string[] = [];
  const stack = await startStack({
    run: developmentRun,
    ports: wanted,
    report: (line) => {
      lines.push(line);
      console.log(line);
    },
  });
  const seconds = ((performance.now() - before) / 1_000).toFixed(1);
  console.log(lines.length === 0 ? "\nThe stack is up already." : `\nThe stack is up after ${seconds} s.`);
  show(stack);
} catch (error) {
  console.error(`\nThe stack does not run: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

function show(stack: Stack): void {
  const { endpoints, credentials, logs, state } = stack;
  const taken = (["minio", "localstack", "http"] as const).filter(
    (name) => state.ports[name] !== wanted[name],
  );
  if (taken.length > 0)
    console.log(`Not at the usual port, which is taken or was when it started: ${taken.join(", ")}.`);
  console.log(`
  HTTP API     ${endpoints.http}
  MinIO (S3)   ${endpoints.minio}   ${credentials.accessKeyId} / ${credentials.secretAccessKey}
  LocalStack   ${endpoints.localstack}   test / test
  logs         ${logs}

Try:
  curl ${endpoints.http}/jobs -H 'content-type: application/json' -d '{"type":"migrate","index":"words","source":"examples/words"}'

npm run stack:down ends it; with -- --purge MinIO's data goes too.`);
}
