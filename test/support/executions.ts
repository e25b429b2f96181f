import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { theStack } from "./stack.ts";

/** Executions of the stack's state machine `migrate`, past our own API. */
export class Executions {
  readonly #client = new SFNClient({
    endpoint: theStack().endpoints.localstack,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  readonly #machine = `${theStack().environment["STATE_MACHINE_PREFIX"]}migrate`;

  async start(name: string, input: unknown): Promise<void> {
    const command = { stateMachineArn: this.#machine, name, input: JSON.stringify(input) };
    await this.#client.send(new StartExecutionCommand(command));
  }

  async describe(name: string) {
    return this.#client.send(new DescribeExecutionCommand({ executionArn: this.#arnOf(name) }));
  }

  async stop(name: string): Promise<void> {
    await this.#client.send(new StopExecutionCommand({ executionArn: this.#arnOf(name) }));
  }

  /** Every event, in order. */
  async history(name: string): Promise<HistoryEvent[]> {
    const events: HistoryEvent[] = [];
    let nextToken: string | undefined;
    do {
      const query = { executionArn: this.#arnOf(name), maxResults: 1_000, nextToken };
      const page = await this.#client.send(new GetExecutionHistoryCommand(query));
      events.push(...(page.events ?? []));
      nextToken = page.nextToken;
    } while (nextToken);
    return events;
  }

  #arnOf(name: string): string {
    return `${this.#machine.replace(":stateMachine:", ":execution:")}:${name}`;
  }
}

/** Characters of the largest state that passed between two states. */
export function largestState(events: HistoryEvent[]): number {
  const states = events.flatMap((event) => [
    event.stateEnteredEventDetails?.input ?? "",
    event.stateExitedEventDetails?.output ?? "",
    event.taskSucceededEventDetails?.output ?? "",
  ]);
  return Math.max(...states.map((state) => state.length));
}
