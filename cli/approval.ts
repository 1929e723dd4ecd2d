import { TROUPE_GROUP } from '#api/machinery/group-version-kind';
import type { KubeObject } from '#api/machinery/meta';
import type { ObjectRef, ResourceType } from '#api/machinery/resource-type';
import type { Session } from './session.ts';

interface People {
  users?: string[];
  groups?: string[];
}

/** The fields of an Approval that the commands about them read and write. */
export interface CliApproval extends KubeObject {
  spec: {
    taskRef: { name: string };
    purpose: string;
    message: string;
    questionId?: string;
    tool?: string;
    input?: Record<string, unknown>;
    options?: string[];
    approvers?: People;
    timeoutSeconds?: number;
    escalation?: { afterSeconds: number; approvers: People };
  };
  status?: { phase?: string };
}

export const APPROVALS: ResourceType<CliApproval> = {
  group: TROUPE_GROUP,
  version: 'v1alpha1',
  kind: 'Approval',
  plural: 'approvals',
  namespaced: true,
};

export interface CliDecision {
  decision: 'Approved' | 'Rejected';
  reason?: string;
  message?: string;
}

/** Decides an Approval. @param name NAME or approval/NAME */
export async function decide(session: Session, name: string, decision: CliDecision): Promise<void> {
  const ref: ObjectRef = {
    namespace: session.namespace,
    name: name.replace(/^(?:approvals?|appr)(?:\.agent\.wecode\.io)?\//, ''),
  };
  await session.connection.client.patch(APPROVALS, ref, {
    ...{ type: 'merge', subresource: 'status', body: { status: decision } },
  });
  session.print(`approval.agent.wecode.io/${ref.name} ${decision.decision.toLowerCase()}`);
}
