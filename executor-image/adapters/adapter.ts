import type { ModelProtocol, RunModel, RunRequest, RunResult } from '#executor-manager/protocol/run';
import type { Clock } from '../clock.ts';
import type { EventSink } from '../events/event-sink.ts';
import type { Permissions } from '../run/permissions.ts';
import type { RunControls } from '../run/run-controls.ts';
import type { RunMeter } from '../run/run-meter.ts';
import type { ServerFetch } from '../tools/server-fetch.ts';

/** The abilities of an adapter and of the program behind it. The rest of the system reads these, never a name. */
export interface AdapterCapabilities {
  /** Whether the agent works in files: it gets a HOME, and the repository when there is one. */
  readonly files: boolean;
  /** The protocols of the Models it can use; empty when it calls no Model of ours. */
  readonly modelProtocols: readonly ModelProtocol[];
  /** How a later run goes on with the session of an earlier one, and whether it can leave the earlier one as it is. */
  readonly session: 'none' | 'resume' | 'resume and fork';
  /** Is told what was said before (`request.history`) in place of a session of its own. */
  readonly history?: boolean;
  /** Takes words while it works (RunInput message). */
  readonly steer: boolean;
  /** Can end a turn without ending the run (RunInput interrupt). */
  readonly interrupt: boolean;
  /** Asks `context.permissions` before its own tools; tools of MCP servers are asked for by the gate in any case. */
  readonly permissions: boolean;
  /**
   * `native`: the program itself holds the model to a schema. `prompted`: the prompt asks for it. `fixed`: nobody is asked,
   * and nothing is done a second time. The engine validates the answer of all.
   */
  readonly output: 'native' | 'prompted' | 'fixed';
  /** Hands images on to the model. */
  readonly images: boolean;
  /**
   * `native`: the program finds skills in folders itself, and the adapter shows them to it (`context.skills`). `listed`:
   * the engine puts their names and paths into the system prompt, or their instructions where there are no files.
   */
  readonly skills: 'native' | 'listed';
  /**
   * `counted`: the program need not tell tokens, those of its Model's answers are counted on their way to it, and how they
   * end is told; it may say that it counts tokens all the same (`context.meter.programCounts`). `none`: nobody knows.
   */
  readonly usage: 'per model' | 'total' | 'counted' | 'none';
  /**
   * False for a program that does not tell of its calls of MCP tools: the gate then puts tool_call and tool_result into
   * the log, and counts them. All others tell of theirs, and the gate does not, so that no call is told twice.
   */
  readonly reportsToolCalls?: boolean;
}

/**
 * An MCP server as the agent reaches it: streamable HTTP on loopback, behind the gate of the runner. A call may take as
 * long as a person needs to allow it, so the adapter sets the limit of its program's client high.
 */
export interface ToolServer {
  name: string;
  url: string;
  /** For `Authorization: Bearer`; dies with the run. */
  token: string;
}

/** A skill that was placed for the run. */
export interface PlacedSkill {
  name: string;
  description: string;
  /** The folder with SKILL.md; nobody writes there. */
  folder: string;
}

/** Where a program keeps a session, so that the engine can carry it to the next sandbox. */
export interface SessionFiles {
  /** Paths of files and folders relative to HOME. */
  paths: readonly string[];
}

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
  /** Where the adapter says what it can take while the run goes on. */
  controls: RunControls;
  /** Asked before a tool is used, and for questions of the agent to a person. */
  permissions: Permissions;
  /** Told of turns, tool calls and tokens; holds the run to its limits. */
  meter: RunMeter;
  /** Calls addresses that a user gave: from a sandbox, or past the guard where the runner is shared. */
  openFetch(): Promise<ServerFetch>;
  toolServers: readonly ToolServer[];
  skills: readonly PlacedSkill[];
  /** Told as soon as the program has named its session. */
  onSession(id: string): void;
}

/** A Model as an agent reaches it: the service's real address and key stay with the executor manager. */
export interface AgentModel extends RunModel {
  /** On loopback, as the protocol's own programs want it: OpenAI's with /v1, Anthropic's without. */
  baseURL: string;
  /** A token of the run in place of a key; worth nothing outside of the sandbox, nor after the run. */
  apiKey: string;
}

export interface AgentRequest extends Omit<RunRequest, 'model'> {
  model?: AgentModel;
}

/** Drives one kind of agent. */
export interface AgentAdapter {
  readonly capabilities: AdapterCapabilities;
  /** Absent where `capabilities.session` is none, or where the session is not kept in files. */
  readonly sessionFiles?: SessionFiles;
  /**
   * One turn of the agent, to its end: `request.prompt` in, the answer out. The engine may call it again for a second
   * turn of the same session (`request.session`), as for an answer that does not fit its schema.
   * Usage, turns and session of the result are the engine's; an adapter leaves them out.
   * Throws RunFailure; whatever else it throws counts as AgentFailed.
   */
  run(
    request: AgentRequest,
    context: AdapterContext,
  ): Promise<Pick<RunResult, 'value' | 'output' | 'warnings'>>;
}
