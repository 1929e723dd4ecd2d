import type { GraphNode, NodePolicy, RunNode } from '../../graph/graph.ts';
import type { Revision, RevisionMember } from '../../revision/revision.ts';

/** A run of a member, as a program says it. */
export interface RunDraft extends Pick<
  GraphNode,
  'id' | 'needs' | 'on' | 'inputs' | 'session' | 'workspace'
> {
  /** Name of the member. */
  member: string;
  /** FailTask when absent. */
  onFailure?: NodePolicy['onFailure'];
  /** A JSON Schema that the answer has to fit; that of the member when absent. */
  outputSchema?: Record<string, unknown>;
}

/** @throws RangeError when there is no such member. */
export function memberRun(revision: Pick<Revision, 'members'>, draft: RunDraft): RunNode {
  const { member, onFailure = 'FailTask', workspace, outputSchema, ...node } = draft;
  const who = memberOf(revision, member);
  if (who === undefined) throw new RangeError(`the revision has no member ${member}`);
  const { usesWorkspace: uses, ...work } = who;
  return {
    ...node,
    ...work,
    name: member,
    policy: { requireConfirmation: false, onFailure },
    workspace: { ...workspace, uses },
    ...(outputSchema === undefined ? {} : { outputSchema }),
  };
}

/** Undefined for one whose Bot was not ready when the Task started. */
export function memberOf(
  { members = {} }: Pick<Revision, 'members'>,
  name: string,
): RevisionMember | undefined {
  return Object.hasOwn(members, name) ? members[name] : undefined;
}
