import type { PlannedNode } from '../graph/graph.ts';
import { isEnded } from '../node-record.ts';
import type { NodeRecord } from '../node-record.ts';
import { NOT_IN_TIME } from './answers.ts';
import { stageKey } from './ask.ts';
import type { Ask, Decided, Decisions } from './ask.ts';
import { settingsOf } from './settings.ts';
import type { AskedBy } from './settings.ts';

type StageDecision = NonNullable<NodeRecord['stage']>;

/** The decision of people about the end of the node as it is; one about an earlier attempt says nothing. */
export function stageDecision({ attempt = 1, stage }: NodeRecord): StageDecision | undefined {
  return stage?.attempt === attempt ? stage : undefined;
}

/** Whether people have confirmed the end of the node by an Approval. */
export function isConfirmedRecord(record: NodeRecord): boolean {
  const decision = stageDecision(record);
  return decision !== undefined && decision.why === undefined;
}

/** The record with what people decided: that counts whatever becomes of the Approval. */
export function withStageDecision(
  { policy }: PlannedNode,
  record: NodeRecord,
  { decisions, now }: { decisions: Decisions; now: string },
): NodeRecord {
  // One that runs again has its last number until it starts.
  if (!policy.requireConfirmation || !isEnded(record) || stageDecision(record) !== undefined) return record;
  const { node, attempt = 1 } = record;
  const outcome = decisions.outcomeOf(stageKey(node, attempt));
  if (outcome === undefined) return record;
  const why = outcome.result === 'approved' ? {} : { why: rejectionOf(outcome) };
  return { ...record, stage: { attempt, ...why }, updatedAt: now };
}

/** Why something ends without a yes: `Rejected: ...`, or that nobody has decided in time. */
export function rejectionOf(outcome: Exclude<Decided, { result: 'approved' }>): string {
  if (outcome.result === 'failed') return NOT_IN_TIME;
  const { words = 'No reason was given.', by } = outcome;
  return `Rejected: ${words}${by === undefined ? '' : ` (${by})`}`;
}

/** That people are asked whether the Task goes on behind a node. */
export function stageAsk({ id, name }: PlannedNode, { attempt }: NodeRecord, askedBy: AskedBy): Ask {
  return {
    key: stageKey(id, attempt),
    purpose: 'Stage',
    message: `Step "${name}" has ended. Does the Task go on?`,
    node: id,
    settings: settingsOf(askedBy),
  };
}
