import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  type ExecutionStatus,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { limits } from "../../config/limits.ts";
import { DomainError } from "../../domain/errors.ts";
import type { ExecutionState, Workflow } from "../../domain/jobs/workflow.ts";

/** A client with deadlines; its endpoint and identity are those of the environment. */
export function sfnClient(): SFNClient {
  return new SFNClient({
    maxAttempts: 4,
    requestHandler: {
      requestTimeout: limits.storeTimeoutMs,
      throwOnRequestTimeout: true, // or it only warns
      connectionTimeout: 3_000,
    },
  });
}

/**
 * Runs the state machines in Step Functions. An execution has the name of its job, and its ARN follows from the
 * machine's, so nothing about executions is kept here.
 */
export class StepFunctionsWorkflow implements Workflow {
  readonly #client: SFNClient;
  readonly #prefix: string;

  /** @param prefix of the state machines' ARNs, up to the machine's name */
  constructor(client: SFNClient, prefix: string) {
    this.#client = client;
    this.#prefix = prefix;
  }

  async start(name: string, machine: string, input: unknown): Promise<void> {
    const stateMachineArn = this.#prefix + machine;
    const command = new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) });
    await unless(ExecutionAlreadyExists, () => this.#client.send(command));
  }

  async describe(name: string, machine: string): Promise<ExecutionState | undefined> {
    const command = new DescribeExecutionCommand({ executionArn: this.#arnOf(name, machine) });
    const found = await unless(ExecutionDoesNotExist, () => this.#client.send(command));
    if (!found) return undefined;
    return {
      status: statusOf(found.status),
      endedAt: found.stopDate?.toISOString(),
      error: found.error,
      cause: found.cause,
    };
  }

  /** Tasks under way are not waited for: they find their job ended, let go, and remove what they wrote. */
  async stop(name: string, machine: string): Promise<void> {
    const command = new StopExecutionCommand({
      executionArn: this.#arnOf(name, machine),
      cause: "the job was cancelled",
    });
    await unless(ExecutionDoesNotExist, () => this.#client.send(command));
  }

  #arnOf(name: string, machine: string): string {
    return `${this.#prefix.replace(":stateMachine:", ":execution:")}${machine}:${name}`;
  }
}

function statusOf(status: ExecutionStatus | undefined): ExecutionState["status"] {
  if (status === "SUCCEEDED") return "succeeded";
  if (status === "ABORTED") return "cancelled";
  return status === "FAILED" || status === "TIMED_OUT" ? "failed" : "running";
}

/** @returns undefined for the error that is expected. @throws WorkflowUnavailable for any other */
async function unless<T>(
  expected: abstract new (...parameters: never[]) => Error,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof expected) return undefined;
    throw new DomainError("WorkflowUnavailable", "Step Functions failed", { cause: error });
  }
}
