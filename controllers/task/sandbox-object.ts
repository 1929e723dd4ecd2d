import { controllerReference } from '#api/machinery/meta';
import type { Sandbox, SandboxWorkspace } from '#api/types/generated/sandbox';
import type { Task } from '#api/types/generated/task';
import { SANDBOX_FINALIZER, TASK_LABEL } from '#api/types/sandbox';
import type { Snapshot } from './snapshot.ts';
import { stepPrompt } from './prompt.ts';

/** Seconds; the default of the CRD, for Tasks stored before it was there. */
const DEFAULT_TIMEOUT_SECONDS = 1800;
/** A Sandbox's name has at most 253 characters (RFC 1123); the rest is for uid, step and attempt. */
const MAX_BASE_LENGTH = 200;

export interface Attempt {
  /** From 0. */
  step: number;
  /** From 1. */
  attempt: number;
}

/**
 * The name is worked out from Task, step and attempt, so that two controllers cannot make two Sandboxes
 * for one attempt. Part of the uid keeps apart Tasks made anew under one name, and names that differ only
 * in what a DNS name cannot hold.
 */
export function sandboxName(task: Task, { step, attempt }: Attempt): string {
  const base = task.metadata.name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, MAX_BASE_LENGTH)
    .replace(/^-+|-+$/g, '');
  const uid = (task.metadata.uid ?? '').slice(0, 5);
  return `${base === '' ? 'task' : base}-${uid}-s${step}-a${attempt}`;
}

/** The Sandbox of one attempt, complete. */
export function sandboxObject(
  task: Task,
  snapshot: Snapshot,
  run: Attempt & { previousValue: string },
): Sandbox {
  const step = snapshot.steps[run.step];
  if (step === undefined) throw new RangeError(`the snapshot has no step ${run.step}`);
  const workspace = step.usesWorkspace ? sandboxWorkspace(task, snapshot) : undefined;
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Sandbox',
    metadata: {
      name: sandboxName(task, run),
      ...(task.metadata.namespace === undefined ? {} : { namespace: task.metadata.namespace }),
      ...(isLabelValue(task.metadata.name) ? { labels: { [TASK_LABEL]: task.metadata.name } } : {}),
      ownerReferences: [controllerReference(task)],
      finalizers: [SANDBOX_FINALIZER],
    },
    spec: {
      taskRef: { name: task.metadata.name, uid: task.metadata.uid ?? '' },
      step: run.step,
      stepName: step.name,
      attempt: run.attempt,
      timeoutSeconds: task.spec.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS,
      prompt: stepPrompt(snapshot, run.step, run.previousValue),
      shell: step.shell,
      agent: step.agent,
      ...(step.model === undefined ? {} : { model: step.model }),
      ...(workspace === undefined ? {} : { workspace }),
    },
  };
}

function sandboxWorkspace(task: Task, snapshot: Snapshot): SandboxWorkspace | undefined {
  return snapshot.workspace === undefined
    ? undefined
    : { ...snapshot.workspace, workBranch: workBranch(task.metadata.name) };
}

/** `troupe/<task>`, with what git does not allow in a branch name replaced (git-check-ref-format(1)). */
export function workBranch(taskName: string): string {
  const name = taskName
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/\.{2,}/g, '.')
    .replace(/^[.-]+|[.-]+$/g, '')
    .replace(/(\.lock)+$/, '');
  return `troupe/${name === '' ? 'task' : name}`;
}

/** apimachinery's IsValidLabelValue, for a value that is not empty. */
function isLabelValue(value: string): boolean {
  return value.length <= 63 && /^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$/.test(value);
}
