import { LanceDocuments } from "./adapters/lance/documents/lance-documents.ts";
import { LanceExports } from "./adapters/lance/exports/lance-exports.ts";
import { WrittenOpenings } from "./adapters/lance/opening/written-openings.ts";
import { LanceProbes } from "./adapters/lance/recall/lance-probes.ts";
import { LanceTables } from "./adapters/lance/tables/lance-tables.ts";
import { LanceBuilds } from "./adapters/lance/writing/lance-builds.ts";
import { LanceGenerations } from "./adapters/lance/writing/lance-generations.ts";
import { LanceLoads } from "./adapters/lance/writing/lance-loads.ts";
import { WasmParquetSource } from "./adapters/parquet/parquet-source.ts";
import { readyWorker } from "./adapters/parquet/threads/spare-worker.ts";
import { parquetFileOf } from "./adapters/parquet/writing/parquet-file.ts";
import { buildRoom } from "./adapters/workflow/build-room.ts";
import { EmbeddedWorkflow } from "./adapters/workflow/embedded-workflow.ts";
import { machines } from "./adapters/workflow/machines.ts";
import { StepFunctionsWorkflow, sfnClient } from "./adapters/workflow/step-functions-workflow.ts";
import { type Environment, readEnvironment } from "./config/environment.ts";
import { loadBuckets } from "./config/lakehouse.ts";
import { limits } from "./config/limits.ts";
import { narrowedTables } from "./domain/access/narrowed-documents.ts";
import type { Principal } from "./domain/access/principal.ts";
import { ScopedLedger } from "./domain/access/scoped-ledger.ts";
import { scopedReaders } from "./domain/access/scoped-readers.ts";
import type { CatchUpDependencies } from "./domain/documents/catch-up.ts";
import { Receipts } from "./domain/documents/receipts.ts";
import type { WriteDependencies } from "./domain/documents/write-turn.ts";
import { WriteTurns } from "./domain/documents/write-turns.ts";
import { asDomainError, DomainError } from "./domain/errors.ts";
import { JobLedger } from "./domain/jobs/job-ledger.ts";
import { refuseNewer } from "./domain/jobs/refuse-newer.ts";
import { startUpkeep } from "./domain/jobs/start-upkeep.ts";
import type { ParquetSource } from "./domain/source/parquet-source.ts";
import { createReaders, type Readers, type ReadingHalf, readers } from "./readers.ts";
import { logTask } from "./task/log-task.ts";
import { runTask } from "./task/run-task.ts";
import type { TaskDependencies } from "./task/task-call.ts";
import { timeLimited } from "./task/task-handler.ts";
import { logger } from "./telemetry.ts";

/** Everything a function needs, built once per container. `close` also ends what it has under way. */
export interface Container extends TaskDependencies, Readers, WriteDependencies, CatchUpDependencies {
  scopedTo(principal: Principal): Container;
}

/**
 * The composition root: the only place, with its reading half, that knows which adapter serves which port.
 * @throws ConfigInvalid
 */
export function createContainer(
  environment = readEnvironment(),
  buckets = loadBuckets(environment),
): Container {
  return containerWith(createReaders(environment, buckets));
}

function containerWith({ connections, close, ...reading }: ReadingHalf): Container {
  const { environment, stores, clock, fallbacks } = reading;
  const primary = stores("primary");
  const ledger = new JobLedger(primary, clock);
  const tables = new LanceTables(connections);
  const parquet: ParquetSource = new WasmParquetSource(stores, fallbacks);
  const openings = new WrittenOpenings(stores, (bucket) => connections.isRemote(bucket), fallbacks);
  const retireAfterMs = environment.RETIRE_AFTER_MS ?? limits.retireAfterMs;
  const taskTimeLimitMs = environment.TASK_TIME_LIMIT_MS;
  const embedded = environment.WORKFLOW === "embedded" ? embeddedWorkflow() : undefined;
  const container: Container = {
    ...reading,
    ledger,
    generations: new LanceGenerations(tables, stores, openings),
    loads: new LanceLoads(tables),
    builds: new LanceBuilds(tables, stores),
    documents: new LanceDocuments(tables, stores),
    exports: new LanceExports(tables, stores, parquetFileOf),
    turns: new WriteTurns(primary, clock, environment.WRITE_TURN_MS),
    receipts: new Receipts(primary, clock),
    probes: new LanceProbes(connections, tables, stores),
    parquet,
    workflow: embedded ?? stepFunctions(environment),
    buildRoom: () => buildRoom(environment),
    retireAfterMs,
    taskTimeLimitMs,
    askUpkeep: async (index, generation) => {
      await startUpkeep(container, index, generation).catch((error) =>
        logger.warn("no job takes in what was written", { index, error: asDomainError(error) }),
      );
    },
    scopedTo: (principal) => ({
      ...scopedReaders(container, principal),
      ledger: new ScopedLedger(primary, clock, principal),
      documents: principal.filter
        ? narrowedTables(container.documents, principal.filter)
        : container.documents,
    }),
    notPruned: (index, error) =>
      logger.warn("old versions were not removed", { index, error: asDomainError(error) }),
    close: async () => {
      await embedded?.close();
      await close();
    },
  };
  void embedded?.resume().catch((error) => logger.error("executions could not be resumed", { error }));
  return container;

  function embeddedWorkflow(): EmbeddedWorkflow {
    return new EmbeddedWorkflow({
      store: primary,
      machines,
      clock,
      log: (name, what, error) =>
        logger.error(`an execution ${what}`, { job_id: name, error: asDomainError(error) }),
      refuseNewer: (name) => refuseNewer({ ledger, registry: reading.registry }, name),
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

/** The container of this process, built at the first use; its reading half is that of the functions that only read. */
export function container(): Container {
  shared ??= containerWith(readers());
  return shared;
}

/** What functions that decode Parquet do while they initialise. @returns when the decoder can be asked at once */
export const readyDecoder = readyWorker;
