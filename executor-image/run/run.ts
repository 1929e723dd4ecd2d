import { mkdirSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { RunInput, RunRequest, RunResult, RunState } from '#executor-manager/protocol/run';
import type { RunnerAddresses } from '#executor-manager/protocol/runner-environment';
import type { AdapterContext, AgentAdapter, PlacedSkill } from '../adapters/adapter.ts';
import { adapterOf } from '../adapters/adapters.ts';
import type { Clock } from '../clock.ts';
import { createEventSink } from '../events/event-sink.ts';
import type { EventSink } from '../events/event-sink.ts';
import { createEventSpool } from '../events/event-spool.ts';
import type { EventSpool } from '../events/event-spool.ts';
import { failed, resultOf } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import { prepareHome } from './home.ts';
import { createRedactor } from '../events/redact.ts';
import type { Redactor } from '../events/redact.ts';
import type { ModelAccess } from '../model-access/model-access.ts';
import { RunCancelled, RunFailure, describeError } from '../run-failure.ts';
import type { SkillShelf } from '../skills/skill-shelf.ts';
import { reportChanges } from '../workspace/changes/report.ts';
import { HOME_FOLDER, makeHome } from '../workspace/agent-room.ts';
import { guardDisk } from '../workspace/disk-guard.ts';
import { diskUsage } from '../workspace/disk-usage.ts';
import { prepareRepository } from '../workspace/repository.ts';
import type { PreparedRepository } from '../workspace/repository.ts';
import { takeTurns } from './agent-turns.ts';
import { PermissionDesk } from './permissions.ts';
import { Controls } from './run-controls.ts';
import { Meter } from './run-meter.ts';
import { keepSessions, restoreSessions } from './sessions.ts';
import { withModel } from './with-model.ts';
import { withSkills } from './with-skills.ts';
import { withTools, withoutServers } from './with-tools.ts';

export interface RunOptions {
  id: string;
  request: RunRequest;
  /** Folder of the runtime's workspace. */
  workspace: string;
  /** Folder of the runner's own files. */
  state: string;
  /** The parts of its environment that the runner's own programs, such as git, and the agent may see. */
  environment: Record<string, string>;
  agentEnvironment: Record<string, string>;
  /** The skills of the runtime; absent where it can have none. */
  shelf?: SkillShelf;
  clock: Clock;
  /** Whether it shares the runner with other runs: it has no files then. */
  shared?: boolean;
  /** As in RunnerConfig. */
  addresses?: RunnerAddresses;
  modelAccess: ModelAccess;
}

/** One run of one agent, from the clone to its result event. */
export interface Run {
  readonly events: EventSpool;
  state(): RunState;
  /** Asks the agent to end; no effect on a run that has ended. */
  cancel(): void;
  /** Hands an input to the agent that works; false when it cannot be taken. Rejects with the adapter's error. */
  input(input: RunInput): Promise<boolean>;
  /** Ends it at once, whatever its agent does, and removes what is kept of it. */
  discard(): Promise<void>;
  /** Resolves when the last event is written; never rejects. */
  readonly done: Promise<void>;
}

/** Starts a run. Throws the system's error when the state folder cannot be written. */
export function startRun(options: RunOptions): Run {
  const folder = path.join(options.state, 'runs', options.id);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { clock } = options;
  const spool = createEventSpool({
    file: path.join(folder, 'events.ndjson'),
    now: () => clock.now(),
    limitBytes: logLimit(options),
  });
  const stop = new AbortController();
  const redactor = createRedactor(options.request);
  const events = createEventSink({
    spool,
    redactor,
    clock,
    onFailure: (error) => stop.abort(eventsFailure(error, options.state)),
  });
  let outcome: Outcome = { phase: 'Running' };
  const parts = partsOf(options, { events, stop });
  const done = execute({ ...options, ...parts, folder, events, redactor, stop }).then((ended) => {
    outcome = { ...ended, ...appliedWords(parts.controls) };
    events.emit('result', { ...outcome });
    spool.close();
  });
  return {
    events: spool,
    done,
    state: () => ({ id: options.id, lastSeq: spool.lastSeq, ...open(parts), ...outcome }),
    cancel: () => stop.abort(new RunCancelled('cancelled')),
    async discard() {
      stop.abort(new RunCancelled('cancelled'));
      spool.close();
      await rm(folder, { recursive: true, force: true });
    },
    async input(input) {
      if (outcome.phase !== 'Running') return false;
      return input.type === 'answer' ? parts.desk.answer(input.answer) : parts.controls.take(input);
    },
  };
}

/** A day's work of an agent stays below it. It has to fit into the room of the runner's files, as each driver makes it. */
const DEFAULT_LOG_BYTES = 64 * 1024 * 1024;
/** Neighbours share the disk with one that never stops. */
const SHARED_LOG_BYTES = 32 * 1024 * 1024;

function logLimit({ request, shared = false }: RunOptions): number {
  const limit = request.limits?.logBytes ?? DEFAULT_LOG_BYTES;
  return shared ? Math.min(limit, SHARED_LOG_BYTES) : limit;
}

/** Why no further event is kept: the limit of the log, or the disk. `state` is the folder of the runner's files. */
function eventsFailure(error: unknown, state: string): RunFailure {
  if (error instanceof RunFailure) return error;
  const isFull = (error as NodeJS.ErrnoException).code === 'ENOSPC';
  const where = isFull ? `the room for the runner's own files, ${state}, is full` : describeError(error);
  return new RunFailure('AgentFailed', `events cannot be kept: ${where}`, error);
}

function open({ desk, controls }: RunParts): Pick<RunState, 'messages' | 'questions'> {
  const questions = desk.questions();
  return { ...(questions.length === 0 ? {} : { questions }), ...appliedWords(controls) };
}

function appliedWords({ applied }: Controls): Pick<RunState, 'messages'> {
  return applied.length === 0 ? {} : { messages: [...applied] };
}

/** The parts of a run that its agent talks to. */
interface RunParts {
  adapter: AgentAdapter | RunFailure;
  controls: Controls;
  desk: PermissionDesk;
  meter: Meter;
}

function partsOf(
  { id, request, clock }: RunOptions,
  { events, stop }: { events: EventSink; stop: AbortController },
): RunParts {
  const adapter = findAdapter(request);
  const meter = new Meter({
    limits: request.limits,
    events,
    clock,
    onLimit: (failure) => stop.abort(failure),
  });
  const desk = new PermissionDesk({
    policy: request.permissions,
    answers: request.answers ?? [],
    canSuspend: !(adapter instanceof RunFailure) && adapter.capabilities.session !== 'none',
    ...{ runId: id, events, clock },
    onWaiting: (waiting) => (waiting ? meter.stopIdle() : meter.watchIdle()),
    onSuspend: (suspended) => stop.abort(suspended),
  });
  const controls = new Controls({
    steer: !(adapter instanceof RunFailure) && adapter.capabilities.steer,
    onApplied: (message) => events.emit('message_applied', { id: message }),
    onError: (error) =>
      events.emit('log', { stream: 'agent', text: `Words were not taken: ${describeError(error)}` }),
  });
  return { adapter, controls, desk, meter };
}

/** The failure is the run's, to be told by its events. */
function findAdapter(request: RunRequest): AgentAdapter | RunFailure {
  try {
    return adapterOf(request);
  } catch (error) {
    if (error instanceof RunFailure) return error;
    throw error;
  }
}

interface Execution extends RunOptions, RunParts {
  /** The run's own part of the state folder. */
  folder: string;
  events: EventSink;
  redactor: Redactor;
  stop: AbortController;
}

/** Never rejects. */
async function execute(run: Execution): Promise<Outcome> {
  const { events, stop, clock, request, redactor } = run;
  const seconds = request.timeoutSeconds;
  const cancelTimeout = clock.after(seconds * 1000, () => {
    stop.abort(new RunFailure('TimedOut', `the run took longer than ${seconds} s`));
  });
  const place: Place = {};
  let outcome: Outcome;
  try {
    outcome = { phase: 'Succeeded', result: await work(run, place) };
  } catch (error) {
    outcome = failed(stop.signal.aborted ? stop.signal.reason : error, redactor);
    if (outcome.phase === 'Failed') {
      events.emit('error', { reason: outcome.reason, message: outcome.message });
    }
  } finally {
    cancelTimeout();
    run.meter.stopIdle();
    await place.guard?.stop();
  }
  const changed = await changesOf(run, place);
  const known = { ...place, ...(changed === undefined ? {} : { workspace: changed }) };
  return { ...outcome, ...resultOf(run, outcome.result, known) };
}

/** Clone and agent together may not take more than the limit. */
function startDiskGuard(
  { workspace, environment, events, stop, clock }: Execution,
  limitBytes: number,
): { stop(): Promise<void> } {
  const over = new AbortController();
  const ended = guardDisk({
    limitBytes,
    measure: (signal) => diskUsage(workspace, environment, signal),
    clock,
    signal: over.signal,
    onExceeded: (failure) => stop.abort(failure),
    onIncomplete() {
      const text = 'Parts of the workspace cannot be read; their size is not counted.';
      events.emit('log', { stream: 'agent', text });
    },
  });
  return {
    stop() {
      over.abort();
      return ended;
    },
  };
}

/** Where the agent works, as far as it is made. */
interface Place {
  repository?: PreparedRepository;
  guard?: { stop(): Promise<void> };
  /** As the agent's program has named its session. */
  sessionId?: string;
  /** Of its MCP servers. */
  warnings?: readonly string[];
}

async function work(run: Execution, place: Place): Promise<RunResult> {
  const { request, adapter, events, stop } = run;
  for (const message of request.notices ?? []) events.emit('status', { phase: 'Running', message });
  if (adapter instanceof RunFailure) throw adapter;
  if (run.shared === true && adapter.capabilities.files) {
    throw new RunFailure(
      'StartFailed',
      `${request.shell.type} works in files and needs a sandbox of its own`,
    );
  }
  const home = path.join(run.workspace, HOME_FOLDER);
  if (adapter.capabilities.files) {
    if (request.limits?.diskBytes !== undefined) place.guard = startDiskGuard(run, request.limits.diskBytes);
    // At the same time, and both to their end: nothing goes on after a run has failed.
    const [cloned, made] = await Promise.allSettled([repositoryOf(run), homeOf(run)]);
    if (made.status === 'rejected') throw made.reason;
    if (cloned.status === 'rejected') throw cloned.reason;
    if (cloned.value !== undefined) place.repository = cloned.value;
  }
  stop.signal.throwIfAborted();
  const skilled = {
    ...{ ...run, home, folder: folderOf(run, place), runId: run.id, signal: stop.signal },
    ...{ environment: run.agentEnvironment, capabilities: adapter.capabilities },
  };
  const result = await withSkills(skilled, (asked, skills) =>
    agentWork({ ...run, request: asked }, adapter, { home, place, skills }),
  );
  // Asked to end while the agent was ending by itself: the one who asked must see that it worked.
  stop.signal.throwIfAborted();
  return result;
}

async function homeOf({ workspace, request }: Execution): Promise<void> {
  await mkdir(workspace, { recursive: true });
  await prepareHome(await makeHome(workspace), request.agent.name);
}

async function agentWork(
  run: Execution,
  adapter: AgentAdapter,
  { home, place, skills }: { home: string; place: Place; skills: readonly PlacedSkill[] },
): Promise<RunResult> {
  const { request, meter } = run;
  const session = { home, workspace: run.workspace, files: adapter.sessionFiles };
  if (request.session !== undefined) await restoreSessions(session);
  const context = adapterContext(run, { home, place, skills });
  meter.watchIdle();
  const onWarnings = (warnings: readonly string[]): void => void (place.warnings = warnings);
  try {
    return await withTools({ ...run, adapter, context, onWarnings }, (toolServers) =>
      withModel({ ...run, counted: adapter.capabilities.usage === 'counted' }, (asked) =>
        takeTurns({
          ...{ adapter, request: withoutServers(asked), context: { ...context, toolServers } },
          sessionId: () => place.sessionId,
          onTurnEnd: () => meter.closeTurn(),
          refusal: () => meter.refusal(),
        }),
      ),
    );
  } finally {
    meter.stopIdle();
    if (place.sessionId !== undefined) await keepSessions(session);
  }
}

/** Where the agent works. */
const folderOf = ({ workspace }: Execution, { repository }: Place): string =>
  repository?.workFolder ?? workspace;

function adapterContext(
  run: Execution,
  { home, place, skills }: { home: string; place: Place; skills: readonly PlacedSkill[] },
): AdapterContext {
  const { id, events, stop, clock, agentEnvironment, addresses, controls, desk, meter } = run;
  return {
    ...{ events: aliveEvents(events, meter), signal: stop.signal, home, runId: id, clock },
    environment: agentEnvironment,
    folder: folderOf(run, place),
    ...{ controls, permissions: desk, meter, toolServers: [], skills },
    async openFetch() {
      // Loaded when it is needed: most agents call for themselves.
      const { openServerFetch } = await import('../tools/server-fetch.ts');
      return openServerFetch({ ...(addresses && { addresses }), environment: agentEnvironment });
    },
    onSession: (sessionId) => {
      place.sessionId = sessionId;
    },
  };
}

/** The events of an agent are its signs of life. */
function aliveEvents(events: EventSink, meter: Meter): EventSink {
  return {
    flush: () => events.flush(),
    emit(type, data) {
      meter.alive();
      events.emit(type, data);
    },
    text(type, text, more) {
      meter.alive();
      events.text(type, text, more);
    },
  };
}

async function repositoryOf(run: Execution): Promise<PreparedRepository | undefined> {
  const { request, workspace, environment, events, stop, clock } = run;
  if (request.repository === undefined) return undefined;
  return prepareRepository({
    repository: request.repository,
    workspace,
    home: run.folder,
    environment,
    signal: stop.signal,
    clock,
    onStatus: (message) => events.emit('status', { phase: 'Running', message }),
  });
}

function changesOf(run: Execution, { repository }: Place): Promise<RunResult['workspace'] | undefined> {
  if (repository === undefined) return Promise.resolve(undefined);
  const { folder: home, environment, events, clock } = run;
  return reportChanges({ repository, home, environment, events, clock });
}
