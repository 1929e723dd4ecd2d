import type {
  SandboxAction,
  SandboxAgent,
  SandboxLimits,
  SandboxModel,
  SandboxPermissions,
  SandboxShell,
} from '#api/types/generated/sandbox';
import type { TeamMember } from '#api/types/generated/team';
import type { ApprovalSettings } from '../approvals/settings.ts';
import type { Placement } from '../configuration/placement.ts';

/**
 * The plan of a Task: nodes that wait for each other, and nothing else that orders them. The order of the list is
 * for people and for clients that count steps.
 */
export interface GraphNode {
  /** Stable for the life of the Task and unique in it; part of the names of Sandboxes. */
  id: string;
  /** For people: the member's name, else its role, else that of its Bot. */
  name: string;
  /** Ids of the nodes that have to have ended before this one starts. */
  needs: readonly string[];
  /** How a need has to have ended, by its id; `success` where absent. A node whose need ended otherwise is skipped. */
  on?: Readonly<Record<string, NeededEnd>>;
  inputs: NodeInputs;
  policy: NodePolicy;
  workspace: NodeWorkspace;
  /** The node whose agent it goes on with: in the session of its last run, and with its files. */
  session?: { from: string };
  /** Id of the message of a person that it answers. */
  message?: string;
  /** Why it does not run, as a sentence. It is known once all that it needs has ended. */
  skip?: string;
}

/** A need that failed for good and may (policy.onFailure: Continue) counts as a success, but for `failure`. */
export type NeededEnd = 'success' | 'failure' | 'always';

/** The inputs of a node, beside its own instructions. */
export interface NodeInputs {
  /** Whether it gets the prompt of the Task. */
  taskPrompt: boolean;
  /** Further words for the agent: a part of the work that another agent gave it, say. */
  text?: string;
  results: readonly NamedResult[];
}

export interface NamedResult {
  /** Id of the node whose answer is passed on. */
  from: string;
  /** The heading it stands under. */
  label: string;
}

export interface NodePolicy {
  /** Whether a person confirms the end of the node before those that need it start. */
  requireConfirmation: boolean;
  /** How often it is started at most when runs are lost; absent: as the Task says. */
  maxAttempts?: number;
  /** Seconds that each run of it may take; absent: as the Task says. */
  timeoutSeconds?: number;
  /** Continue: the nodes that need this one start without its answer. */
  onFailure: 'FailTask' | 'Continue';
}

export interface NodeWorkspace {
  /** Id of the node whose files it goes on with; absent: a clone of its own, or an empty folder. */
  from?: string;
  /** Its work is on a branch of its own, even where no other node is known that goes on with the same files. */
  ownBranch?: boolean;
}

/** As a collaboration model makes it: who does the work is named, and not looked up yet. */
export interface MemberNode extends GraphNode {
  member: TeamMember;
}

export type PlannedNode = RunNode | ActionNode | WaitNode;

/** A node that is a run of an agent, complete: all that the run needs, and no credential. */
export interface RunNode extends GraphNode, RunParts {
  /** Nodes of earlier versions have no kind: all of them were runs. */
  kind?: undefined;
  /** The name of the member who works, where the node has another one: that of a step, say. */
  member?: string;
  /** Its answer is about the answers of others. */
  judges?: true;
  workspace: PlannedNodeWorkspace;
}

/** Who does the work of a run, and with which means. */
export interface RunParts {
  /** The member's own instructions. */
  prompt?: string;
  shell: SandboxShell;
  agent: SandboxAgent;
  model?: SandboxModel;
  limits?: SandboxLimits;
  permissions?: SandboxPermissions;
  /** The demands of the Shell on the Executor. */
  placement?: Placement;
  /** A JSON Schema that the answer has to fit. */
  outputSchema?: Record<string, unknown>;
  /** How people are asked about it; each field comes before that of the Team. */
  approval?: ApprovalSettings;
}

/** A node that is a fixed action in place of an agent: a run as well, with final texts. */
export interface ActionNode extends GraphNode {
  kind: 'action';
  action: SandboxAction;
  permissions?: SandboxPermissions;
  /** A JSON Schema that the output has to fit. */
  outputSchema?: Record<string, unknown>;
  workspace: PlannedNodeWorkspace;
}

/** A node at which nothing runs: it ends when that which it waits for has come. */
export interface WaitNode extends GraphNode {
  kind: 'wait';
  wait: Wait;
  workspace: PlannedNodeWorkspace;
}

export type Wait = TimeWait | EventWait | WebhookWait | ApprovalWait;

/** For a decision of people. Approved, the words of who decided are its answer; else the node fails. */
export interface ApprovalWait {
  for: 'approval';
  /** The question, as a sentence. */
  message: string;
  /** Each field comes before that of the Team. */
  settings?: ApprovalSettings;
}

/** For so many seconds from when all that it needs has ended, or until a date and time as in RFC 3339. */
export type TimeWait = { for: 'time'; seconds: number } | { for: 'time'; until: string };

/** For an event of this name, which may have come before. The node fails when none comes in time. */
export interface EventWait {
  for: 'event';
  event: string;
  timeoutSeconds?: number;
}

/** For a call of the address that this node has (api/registry/tasks/webhooks). */
export interface WebhookWait {
  for: 'webhook';
  timeoutSeconds?: number;
}

export function isRunNode(node: PlannedNode): node is RunNode {
  return node.kind === undefined;
}

/** The name of the member who works; undefined where nobody does. */
export function workerOf(node: PlannedNode): string | undefined {
  return isRunNode(node) ? (node.member ?? node.name) : undefined;
}

/** Whether a Sandbox does the work of the node. */
export function hasSandbox(node: PlannedNode): node is RunNode | ActionNode {
  return node.kind !== 'wait';
}

export interface PlannedNodeWorkspace extends NodeWorkspace {
  /** False for Shells that only talk: they have no use for a repository, and leave no files. */
  uses: boolean;
}

/** With Task, uid and attempt it has to fit into the 253 characters of a name (RFC 1123). */
const NODE_ID = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;

/** Why the nodes cannot be carried out, as a sentence; undefined when they can. */
export function validateGraph(nodes: readonly GraphNode[]): string | undefined {
  const ids = nodes.map(({ id }) => id);
  const known = new Set(ids);
  const wrong = ids.find((id) => !NODE_ID.test(id));
  if (wrong !== undefined) return `"${wrong}" cannot be the id of a node.`;
  const twice = known.size < ids.length && ids.find((id, index) => ids.indexOf(id) !== index);
  if (typeof twice === 'string') return `Two nodes have the id "${twice}".`;
  for (const { id, needs, on = {} } of nodes) {
    const unneeded = Object.keys(on).find((need) => !needs.includes(need));
    if (unneeded !== undefined) return `Node "${id}" says how "${unneeded}" ends, and does not need it.`;
    const unknown = needs.find((need) => !known.has(need));
    if (unknown !== undefined) return `Node "${id}" needs "${unknown}", which does not exist.`;
  }
  const above = ancestorsIn(nodes);
  const mayCircle = !standBehindNeeds(nodes);
  for (const node of nodes) {
    if (mayCircle && above(node.id).has(node.id)) return `Node "${node.id}" waits for itself.`;
    const early = sourcesOf(node).find((from) => !node.needs.includes(from) && !above(node.id).has(from));
    if (early !== undefined)
      return `Node "${node.id}" takes something from "${early}" and does not wait for it.`;
  }
  return undefined;
}

/** Whether each stands behind all that it needs, as in most lists: then none waits for itself, and nobody has to search. */
function standBehindNeeds(nodes: readonly GraphNode[]): boolean {
  const before = new Set<string>();
  return nodes.every(({ id, needs }) => {
    before.add(id);
    return needs.every((need) => need !== id && before.has(need));
  });
}

function sourcesOf({ inputs, workspace, session }: GraphNode): string[] {
  const results = inputs.results.map(({ from }) => from);
  return [...results, ...[workspace.from ?? []].flat(), ...[session?.from ?? []].flat()];
}

/** Finds the ids of all that have to be done before a node, directly or not; one in a circle is before itself. */
export function ancestorsIn(nodes: readonly GraphNode[]): (id: string) => ReadonlySet<string> {
  const needs = new Map(nodes.map((node) => [node.id, node.needs]));
  return (id) => {
    const found = new Set<string>();
    const open = [...(needs.get(id) ?? [])];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (found.has(next)) continue;
      found.add(next);
      open.push(...(needs.get(next) ?? []));
    }
    return found;
  };
}
