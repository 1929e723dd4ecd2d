import type { NewCondition } from '../../machinery/condition.ts';
import { notReady, ready } from '../ready.ts';

/** Reasons of a Collaboration. */
export const CollaborationReason = {
  /** Ready=True: nothing is wrong with the workflow. */
  Valid: 'Valid',
  /** Ready=False: the workflow cannot be carried out; the message names the fields. */
  InvalidWorkflow: 'InvalidWorkflow',
} as const;

export function collaborationReady(stepCount: number): NewCondition {
  const steps = stepCount === 1 ? 'its one step' : `its ${stepCount} steps`;
  return ready(CollaborationReason.Valid, `Nothing is wrong with ${steps}.`);
}

/** Names the fields in `message`. */
export function collaborationNotReady(message: string): NewCondition {
  return notReady(CollaborationReason.InvalidWorkflow, message);
}
