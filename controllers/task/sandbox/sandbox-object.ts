import { createHash } from 'node:crypto';
import { controllerReference } from '#api/machinery/meta';
import type { Sandbox, SandboxShell, SandboxSpec, SandboxWorkspace } from '#api/types/generated/sandbox';
import type { Task } from '#api/types/generated/task';
import { SANDBOX_FINALIZER, TASK_LABEL } from '#api/types/sandboxes/sandbox';
import { hasSandbox } from '../graph/graph.ts';
import type { ActionNode, RunNode } from '../graph/graph.ts';
import { stageOf } from '../graph/stages.ts';
import { branchNode, workspaceSource } from '../graph/workspaces.ts';
import { sandboxOf, wholeAnswer } from '../node-record.ts';
import type { NodeRecord, SandboxIdentity } from '../node-record.ts';
import type { Revision } from '../revision/revision.ts';
import { answersTo } from '../status/questions.ts';
import { parametersOf } from '../configuration/parameters.ts';
import { historyOf } from './history.ts';
import { parameterVariables } from './parameter-text.ts';
import { isLabelValue, nameOfTask } from './own-names.ts';
import { nodePrompt } from './prompt.ts';
import type { PromptSources } from './prompt.ts';
import type { RunSources } from './run-sources.ts';
import { schedulingOf } from './scheduling.ts';
import type { Scheduling } from './scheduling.ts';

/** Seconds; the default of the CRD, for Tasks stored before it was there. */
const DEFAULT_TIMEOUT_SECONDS = 1800;

export interface NodeAttempt {
  /** Id of the node. */
  node: string;
  /** From 1. */
  attempt: number;
}

/** Worked out from Task, node and attempt, so that two controllers cannot make two Sandboxes for one attempt. */
export function sandboxName(task: Task, { node, attempt }: NodeAttempt): string {
  return `${nameOfTask(task)}-${node}-a${attempt}`;
}

/** The Sandbox of the attempt that the record names, complete. @throws RangeError for a node that is not there, or no run. */
export function sandboxObject(sources: RunSources, record: NodeRecord): Sandbox {
  const { task, revision } = sources;
  const step = stageOf(
    revision.nodes.map(({ id }) => id),
    record.node,
  );
  const node = nodeNamed(revision, record.node);
  const attempt = record.attempt ?? 1;
  const { uses } = node.workspace;
  const workspace = uses ? sandboxWorkspace(sources, node) : undefined;
  const work: Partial<SandboxSpec> =
    node.kind === 'action' ? { action: node.action } : agentWork(sources, { node, record });
  const hasFiles = uses || work.session !== undefined;
  const continueFrom = hasFiles ? sandboxesBefore(sources, { node, record }) : [];
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Sandbox',
    metadata: {
      name: sandboxName(task, { node: node.id, attempt }),
      ...(task.metadata.namespace === undefined ? {} : { namespace: task.metadata.namespace }),
      ...(isLabelValue(task.metadata.name) ? { labels: { [TASK_LABEL]: task.metadata.name } } : {}),
      ownerReferences: [controllerReference(task)],
      finalizers: [SANDBOX_FINALIZER],
    },
    spec: {
      taskRef: { name: task.metadata.name, uid: task.metadata.uid ?? '' },
      node: node.id,
      step,
      stepName: node.name,
      attempt,
      ...work,
      ...(node.permissions === undefined ? {} : { permissions: node.permissions }),
      ...(node.outputSchema === undefined ? {} : { outputSchema: node.outputSchema }),
      ...(workspace === undefined ? {} : { workspace }),
      ...(continueFrom.length === 0 ? {} : { continueFrom }),
      ...sandboxScheduling(sources, record),
    },
  };
}

/** The fields that decide when and where the run of the record starts, and how long it may take. */
export function sandboxScheduling(
  sources: RunSources,
  record: NodeRecord,
): Scheduling & Pick<SandboxSpec, 'timeoutSeconds'> {
  const node = nodeNamed(sources.revision, record.node);
  const timeoutSeconds =
    node.policy.timeoutSeconds ?? sources.task.spec.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  return { timeoutSeconds, ...schedulingOf(sources, { node, record }) };
}

/** The agent of a run, and what it is asked. */
function agentWork(
  sources: RunSources,
  { node, record }: { node: RunNode; record: NodeRecord },
): Partial<SandboxSpec> {
  const words = promptSources(sources);
  return {
    prompt: nodePrompt(node, words),
    ...(node.message === undefined ? {} : { promptMessage: node.message }),
    shell: withVariables(node.shell, words.parameters),
    ...agentOf(node, sources.revision),
    ...(node.model === undefined ? {} : { model: node.model }),
    ...limitsOf(node, record),
    ...resumption(sources, { node, record }),
  };
}

/** Those of its Shell, and its share of the Task's budget. */
function limitsOf({ limits }: RunNode, { share = {} }: NodeRecord): Pick<SandboxSpec, 'limits'> {
  const tokens = smaller(limits?.tokens, share.tokens);
  const costUSD = smaller(limits?.costUSD, share.costUSD);
  const all = {
    ...limits,
    ...(tokens === undefined ? {} : { tokens }),
    ...(costUSD === undefined ? {} : { costUSD }),
  };
  return Object.keys(all).length === 0 ? {} : { limits: all };
}

function smaller(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);
}

function promptSources({ task, revision, records, sandboxes }: RunSources): PromptSources {
  const recordOf = (id: string): NodeRecord | undefined => records.find((other) => other.node === id);
  return {
    taskPrompt: revision.prompt ?? task.spec.prompt,
    parameters: parametersOf(task, revision.parametersSchema),
    answerOf: (id) => wholeAnswer(recordOf(id), sandboxes),
  };
}

function withVariables(shell: SandboxShell, parameters: PromptSources['parameters']): SandboxShell {
  const variables = parameterVariables(parameters);
  if (Object.keys(variables).length === 0) return shell;
  return { ...shell, env: { ...shell.env, ...variables } };
}

/**
 * A run that goes on after people have answered has the session of the run before, and their answers; one that goes on with
 * the agent of another node has that one's session, or is told what was said where its agent keeps none.
 */
function resumption(
  sources: RunSources,
  { node, record: { resumes } }: { node: RunNode; record: NodeRecord },
): Pick<Sandbox['spec'], 'answers' | 'history' | 'session'> {
  const { task, records } = sources;
  if (resumes === undefined) {
    const before = records.find((other) => other.node === node.session?.from);
    const session: unknown = before?.result?.['sessionId'];
    if (typeof session === 'string') return { session: { id: session } };
    const words = promptSources(sources);
    const history = historyOf(node, { ...sources, ...words, promptOf: (turn) => nodePrompt(turn, words) });
    return history.length === 0 ? {} : { history };
  }
  const { sessionId: id, questions } = resumes;
  const answers = answersTo(task.spec.answers, questions);
  return {
    ...(id === undefined ? {} : { session: { id } }),
    ...(answers.length === 0 ? {} : { answers }),
  };
}

/** A longer system prompt is kept once: with the prompt, a Sandbox may otherwise have more than a request can. */
const MAX_SYSTEM_PROMPT = 64 * 1024;

function agentOf({ agent }: RunNode, { name }: Revision): Pick<SandboxSpec, 'agent' | 'revision'> {
  const { systemPrompt = '', ...rest } = agent;
  if (name === undefined || Buffer.byteLength(systemPrompt) <= MAX_SYSTEM_PROMPT) return { agent };
  return { agent: rest, revision: name };
}

function nodeNamed({ nodes }: Revision, id: string): RunNode | ActionNode {
  const node = nodes.find((candidate) => candidate.id === id);
  if (node === undefined || !hasSandbox(node)) throw new RangeError(`the plan has no run ${id}`);
  return node;
}

/**
 * Whose files it goes on with: those of its own attempts before, newest first, then those of the node before; the files
 * of a session lie beside the work.
 */
function sandboxesBefore(
  { task, revision, records }: RunSources,
  { node, record }: { node: RunNode | ActionNode; record: NodeRecord },
): SandboxIdentity[] {
  const source = node.session?.from ?? workspaceSource(revision.nodes, node)?.id;
  const before = records.find((other) => other.node === source);
  const { namespace } = task.metadata;
  // A Task has no work in another namespace, whatever was written in its status.
  const isHere = (before?.executor_namespace ?? namespace) === namespace;
  return [...(record.earlierSandboxes ?? []), ...(before === undefined || !isHere ? [] : sandboxOf(before))];
}

function sandboxWorkspace(
  { task, revision }: RunSources,
  node: RunNode | ActionNode,
): SandboxWorkspace | undefined {
  if (revision.workspace === undefined) return undefined;
  const branch = workBranch(task.metadata.name, branchNode(revision.nodes, node));
  return { ...revision.workspace, workBranch: branch };
}

/**
 * `troupe/<task>`, or `troupe/<task>@<node>` where a node has a branch of its own, with what git does not allow in
 * the name of a branch replaced (git-check-ref-format(1)). No Task's own branch has an @, and a slash in its place
 * would make a folder of what is a branch already.
 */
export function workBranch(taskName: string, node?: string): string {
  const name = shortened(taskName)
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/\.{2,}/g, '.')
    .replace(/^[.-]+|[.-]+$/g, '')
    .replace(/(\.lock)+$/, '');
  return `troupe/${name === '' ? 'task' : name}${node === undefined ? '' : `@${node}`}`;
}

/** A branch is a file: with the node and what git adds, its name has at most 255 bytes. */
const MAX_BRANCH_BASE = 190;

/** Two long names that begin alike still have branches of their own. */
function shortened(name: string): string {
  if (name.length <= MAX_BRANCH_BASE) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, MAX_BRANCH_BASE - hash.length - 1)}-${hash}`;
}
