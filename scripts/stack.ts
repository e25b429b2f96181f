import { developmentRun } from "./stack/folders.ts";
import type { Stack } from "./stack/stack.ts";
import { startStack } from "./stack/start-stack.ts";
import { usualPorts } from "./stack/usual-ports.ts";

const wanted = usualPorts();

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
