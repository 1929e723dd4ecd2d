import type { ModelProtocol, RunRequest, RunResult } from '#executor-manager/protocol/run';
import type { Clock } from '../clock.ts';
import type { EventSink } from '../events/event-sink.ts';

export interface AdapterContext {
  events: EventSink;
  /** Aborts when the run is cancelled or its time is over; the adapter ends what it started and then rejects or resolves. */
  signal: AbortSignal;
  /** Where the agent works: the repository when there is one. */
  folder: string;
  /** HOME of an agent that needs files, with its own settings; goes with the sandbox. */
  home: string;
  /** Unique to the run. */
  runId: string;
  clock: Clock;
  /** The part of the runner's environment that programs may see. */
  environment: Record<string, string>;
}

/** Drives one kind of agent. */
export interface AgentAdapter {
  /** Whether the agent works in files: it gets a HOME, and the repository when there is one. */
  readonly needsFiles: boolean;
  /** The protocols of the Models it can use. */
  readonly modelProtocols: readonly ModelProtocol[];
  /** Throws RunFailure; whatever else it throws counts as AgentFailed. */
  run(request: RunRequest, context: AdapterContext): Promise<RunResult>;
}
