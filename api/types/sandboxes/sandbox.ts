import type { NewCondition } from '../../machinery/condition.ts';
import type { Sandbox, SandboxSpec } from '../generated/sandbox.ts';
import { newCondition } from '../ready.ts';

/** A Sandbox that runs an agent or an action for a Task, as most do; the CRD sees to it that it has all of these. */
export type RunSandbox = Sandbox & { spec: RunSpec };
export type RunSpec = AgentRunSpec | ActionRunSpec;
export type AgentRunSpec = TaskPart &
  Required<Pick<SandboxSpec, 'prompt' | 'shell' | 'agent'>> & { action?: never };
export type ActionRunSpec = TaskPart & Required<Pick<SandboxSpec, 'action'>>;
type TaskPart = SandboxSpec & Required<Pick<SandboxSpec, 'taskRef' | 'step' | 'attempt'>>;
/** A Sandbox that checks something. */
export type ProbeSandbox = Sandbox & { spec: SandboxSpec & Required<Pick<SandboxSpec, 'probe'>> };

export function isRun(sandbox: Sandbox): sandbox is RunSandbox {
  return sandbox.spec.taskRef !== undefined;
}

export function isProbe(sandbox: Sandbox): sandbox is ProbeSandbox {
  return sandbox.spec.probe !== undefined;
}

export const SandboxCondition = {
  /** True while the runner answers and the agent works. */
  Ready: 'Ready',
  /** True once an Executor was chosen; written by the sandbox controller, the only one that binds. */
  Scheduled: 'Scheduled',
  /** True when the run has ended, whatever the outcome. */
  Finished: 'Finished',
  /** False when the files of a run that has ended could not be kept for those who would go on with them. */
  WorkSaved: 'WorkSaved',
} as const;

/** Reasons of a Sandbox; those of Finished=True are also `status.reason`. */
export const SandboxReason = {
  /** Scheduled=True: spec.executorName is set. */
  Bound: 'Bound',
  /** Scheduled=False: there is no Executor that is ready and schedulable. */
  NoExecutor: 'NoExecutor',
  /** Scheduled=False: every ready Executor is full. */
  NoCapacity: 'NoCapacity',
  /** Scheduled=False: a ResourceQuota of its namespace allows no further Sandbox of its size. */
  QuotaExceeded: 'QuotaExceeded',
  /** Ready=False: the Executor has no free port; it tries again. */
  NoPort: 'NoPort',
  /** Ready=False: the container is created and the repository cloned. */
  Starting: 'Starting',
  /** Ready=False: the image is being pulled. */
  Pulling: 'Pulling',
  /** Ready=True: the agent works. */
  AgentRunning: 'AgentRunning',
  /** Ready=True: the action runs. */
  ActionRunning: 'ActionRunning',
  /** Ready=False, Finished=True: the agent has done its work. */
  Succeeded: 'Succeeded',
  /** Finished=True: stopped on request. */
  Cancelled: 'Cancelled',
  /** Finished=True: the agent ended with an error of its own. */
  AgentFailed: 'AgentFailed',
  /** Finished=True: the action did not do what it was to do: an exit code, a status, an error of a tool. */
  ActionFailed: 'ActionFailed',
  /** Finished=True: the agent process was killed, as by a signal or for want of memory. */
  AgentKilled: 'AgentKilled',
  /** Finished=True: spec.timeoutSeconds were over. */
  TimedOut: 'TimedOut',
  /** Finished=True: the repository could not be cloned. */
  CloneFailed: 'CloneFailed',
  /** Finished=True: the model service refused or did not answer. */
  ModelError: 'ModelError',
  /** Finished=True: the model, or its service, refused to answer. */
  ModelRefused: 'ModelRefused',
  /** Finished=True: the model's answer is not complete, it reached a limit of tokens. */
  AnswerCut: 'AnswerCut',
  /** Finished=True: the agent called its model as often as it may. */
  TurnLimit: 'TurnLimit',
  /** Finished=True: the agent gave no sign of life for as long as it may. */
  IdleLimit: 'IdleLimit',
  /** Finished=True: the run cost more than it may. */
  CostLimit: 'CostLimit',
  /** Finished=True: the run used up more tokens than it may. */
  TokenLimit: 'TokenLimit',
  /** Finished=True: the agent did the same thing again and again. */
  Repetition: 'Repetition',
  /** Finished=True: the agent wrote more into its log than it may. */
  OutputLimit: 'OutputLimit',
  /** Finished=True: the answer does not fit the schema that was asked for. */
  OutputInvalid: 'OutputInvalid',
  /** Finished=True: an MCP server that the agent cannot do without does not work. */
  ToolServerFailed: 'ToolServerFailed',
  /** A check that a skill asks for after the agent's work fails. */
  AssertionFailed: 'AssertionFailed',
  /** Finished=True: a person is asked; another run goes on when there is an answer. */
  WaitingForAnswer: 'WaitingForAnswer',
  /** Finished=True: the files that the run was to go on with could not be kept when the run before had ended. */
  WorkLost: 'WorkLost',
  /** WorkSaved=False: too large, a full disk, or a runtime that is broken; the message says it. */
  SaveFailed: 'SaveFailed',
  /** Finished=True: it cannot be started as it is described: a missing Model, key, image or program, a wrong value. */
  StartFailed: 'StartFailed',
  /** Finished=True: its image cannot be had from the registry, or not be used by the Executor. */
  ErrImagePull: 'ErrImagePull',
  /** Finished=True: the engine could not start it, or its runner did not become ready; the step may be tried again. */
  EngineFailed: 'EngineFailed',
  /** Finished=True: the Executor has vanished or stopped reporting; the step may be tried again. */
  ExecutorLost: 'ExecutorLost',
  /** Finished=True: the container has vanished or died; the step may be tried again. */
  ContainerLost: 'ContainerLost',
} as const;

/** How a Sandbox ends. */
export type SandboxFinishedReason = (typeof SandboxReason)[
  | 'Succeeded'
  | 'Cancelled'
  | 'ActionFailed'
  | 'AgentFailed'
  | 'AgentKilled'
  | 'TimedOut'
  | 'CloneFailed'
  | 'ModelError'
  | 'ModelRefused'
  | 'AnswerCut'
  | 'TurnLimit'
  | 'IdleLimit'
  | 'CostLimit'
  | 'TokenLimit'
  | 'Repetition'
  | 'OutputLimit'
  | 'OutputInvalid'
  | 'ToolServerFailed'
  | 'AssertionFailed'
  | 'WaitingForAnswer'
  | 'WorkLost'
  | 'StartFailed'
  | 'ErrImagePull'
  | 'EngineFailed'
  | 'ExecutorLost'
  | 'ContainerLost'];

const LOST: ReadonlySet<string> = new Set([
  SandboxReason.EngineFailed,
  SandboxReason.ExecutorLost,
  SandboxReason.ContainerLost,
]);

/** Whether the run ended for a reason outside the agent, so that the retry policy allows another attempt. */
export function isLoss(reason: string | undefined): boolean {
  return reason !== undefined && LOST.has(reason);
}

/** Why the control plane stops a run that is to be tried again. */
export type Disruption = NonNullable<SandboxSpec['disruption']>;

export function disruptionMessage(disruption: Disruption): string {
  return disruption === 'Drained'
    ? 'Its Executor is drained.'
    : 'Its place was needed for a run of higher priority.';
}

/** Whether the run was stopped so that it is tried again; the attempt does not count. */
export function isDisrupted({ spec, status }: Sandbox): boolean {
  return spec.disruption !== undefined && status?.phase === 'Cancelled';
}

export function sandboxBound(executorName: string): NewCondition {
  return newCondition(SandboxCondition.Scheduled, 'True', {
    reason: SandboxReason.Bound,
    message: `Bound to Executor ${executorName}.`,
  });
}

export function sandboxUnbound(
  reason: 'NoExecutor' | 'NoCapacity' | 'QuotaExceeded',
  message: string,
): NewCondition {
  return newCondition(SandboxCondition.Scheduled, 'False', { reason, message });
}

export function sandboxReady({ action }: Pick<SandboxSpec, 'action'>): NewCondition {
  const agent = { reason: SandboxReason.AgentRunning, message: 'The agent works.' };
  const fixed = { reason: SandboxReason.ActionRunning, message: 'The action runs.' };
  return newCondition(SandboxCondition.Ready, 'True', action === undefined ? agent : fixed);
}

/** Not ready yet (NoPort, Starting) or no longer (a reason of the end). */
export function sandboxNotReady(
  reason: 'NoPort' | 'Starting' | 'Pulling' | SandboxFinishedReason,
  message: string,
): NewCondition {
  return newCondition(SandboxCondition.Ready, 'False', { reason, message });
}

export function sandboxFinished(reason: SandboxFinishedReason, message: string): NewCondition {
  return newCondition(SandboxCondition.Finished, 'True', { reason, message });
}

export function sandboxWorkNotSaved(message: string): NewCondition {
  return newCondition(SandboxCondition.WorkSaved, 'False', { reason: SandboxReason.SaveFailed, message });
}

/** Keeps a deleted Sandbox until its container is gone. */
export const SANDBOX_FINALIZER = 'agent.wecode.io/sandbox';

/** Label of a Sandbox: the name of its Task, where that is a valid label value. */
export const TASK_LABEL = 'agent.wecode.io/task';

const FINAL_PHASES: ReadonlySet<string> = new Set(['Succeeded', 'Failed', 'Cancelled', 'Suspended']);

/** Whether the run has ended; the phase then never changes again. */
export function isFinalPhase(phase: string | undefined): boolean {
  return phase !== undefined && FINAL_PHASES.has(phase);
}

/**
 * Name of the Sandbox of the attempt before at the same node, which may be gone; undefined for the first attempt. The
 * number of the attempt ends the name (controllers/task/sandbox).
 */
export function previousAttempt({ metadata, spec }: Sandbox): string | undefined {
  const { attempt = 1 } = spec;
  const ending = `-a${attempt}`;
  if (attempt < 2 || !metadata.name.endsWith(ending)) return undefined;
  return `${metadata.name.slice(0, -ending.length)}-a${attempt - 1}`;
}
