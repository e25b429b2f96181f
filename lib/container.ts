import { LanceConnections } from "./adapters/lance/connections.ts";
import { LanceGenerations } from "./adapters/lance/lance-generations.ts";
import { Replicas } from "./adapters/lance/replicas.ts";
import { LanceWarmIndexes } from "./adapters/lance/warm-indexes.ts";
import { WasmParquetSource } from "./adapters/parquet/parquet-source.ts";
import { LocalStore } from "./adapters/store/local-store.ts";
import { S3Store, s3ClientFor } from "./adapters/store/s3-store.ts";
import { EmbeddedWorkflow } from "./adapters/workflow/embedded-workflow.ts";
import { machines } from "./adapters/workflow/machines.ts";
import { StepFunctionsWorkflow, sfnClient } from "./adapters/workflow/step-functions-workflow.ts";
import { type Environment, readEnvironment } from "./config/environment.ts";
import { loadBuckets } from "./config/lakehouse.ts";
import { limits } from "./config/limits.ts";
import type { Buckets } from "./domain/bucket.ts";
import { DomainError } from "./domain/errors.ts";
import { IndexRegistry } from "./domain/index-registry.ts";
import { JobLedger } from "./domain/job-ledger.ts";
import type { Clock, ObjectStore, ParquetSource, Stores, WarmIndexes } from "./domain/ports.ts";
import { logTask } from "./task/log-task.ts";
import { runTask } from "./task/run-task.ts";
import { timeLimited } from "./task/task-handler.ts";
import type { TaskDependencies } from "./task/tasks.ts";

/** Everything a function needs, built once per container. */
export interface Container extends TaskDependencies {
  environment: Environment;
  indexes: WarmIndexes;
  /** Ends what the container has under way and closes what it has open. */
  close(): Promise<void>;
}

/**
 * The composition root: the only place that knows which adapter serves which port.
 * @throws ConfigInvalid
 */
export function createContainer(
  environment = readEnvironment(),
  buckets = loadBuckets(environment),
): Container {
  const clock: Clock = { now: () => Date.now() };
  const stores = storesFor(buckets);
  const primary = stores("primary");
  const registry = new IndexRegistry(primary, clock);
  const ledger = new JobLedger(primary, clock);
  const memoryMb =
    environment.CONTAINER_MEMORY_MB ?? environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE ?? limits.defaultMemoryMb;
  const connections = new LanceConnections(buckets, memoryMb);
  const generations = new LanceGenerations(connections, stores);
  const stalenessMs = environment.EVENTUAL_STALENESS_MS;
  const replicaMaxBytes = environment.REPLICA_MAX_BYTES ?? limits.replicaMaxBytes;
  const replicas = new Replicas(connections, stores, replicaMaxBytes);
  const indexes = new LanceWarmIndexes({ registry, connections, clock, stalenessMs, replicas });
  const parquet: ParquetSource = new WasmParquetSource(stores);
  const retireAfterMs = environment.RETIRE_AFTER_MS ?? limits.retireAfterMs;
  const taskTimeLimitMs = environment.TASK_TIME_LIMIT_MS;
  const embedded = environment.WORKFLOW === "embedded" ? embeddedWorkflow() : undefined;
  const container: Container = {
    environment,
    buckets,
    stores,
    registry,
    ledger,
    indexes,
    generations,
    parquet,
    workflow: embedded ?? stepFunctions(environment),
    clock,
    retireAfterMs,
    taskTimeLimitMs,
    close: async () => {
      await embedded?.idle();
      indexes.close();
      await replicas.close();
      await connections.close();
    },
  };
  void embedded?.resume().catch((error) => console.error("executions could not be resumed", error));
  return container;

  function embeddedWorkflow(): EmbeddedWorkflow {
    return new EmbeddedWorkflow({
      store: primary,
      machines,
      clock,
      call: (task, payload, context) =>
        runTask(task, payload, timeLimited(context, taskTimeLimitMs), container, logTask),
    });
  }
}

function stepFunctions({ STATE_MACHINE_PREFIX }: Environment): StepFunctionsWorkflow {
  if (STATE_MACHINE_PREFIX) return new StepFunctionsWorkflow(sfnClient(), STATE_MACHINE_PREFIX);
  throw new DomainError("ConfigInvalid", "WORKFLOW=stepfunctions needs STATE_MACHINE_PREFIX");
}

let shared: Container | undefined;

/** The container of this process, built at the first use. */
export function container(): Container {
  shared ??= createContainer();
  return shared;
}

/** The stores of the registered buckets, each opened at its first use. */
export function storesFor(buckets: Buckets): Stores {
  const known = new Map<string, ObjectStore>();
  return (name) => {
    const bucket = buckets.get(name);
    const store =
      known.get(name) ??
      (bucket.backend === "s3" ? new S3Store(s3ClientFor(bucket), bucket.root) : new LocalStore(bucket.root));
    known.set(name, store);
    return store;
  };
}
