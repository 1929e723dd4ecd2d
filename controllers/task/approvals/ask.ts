import { createHash } from 'node:crypto';
import { outcomeOf } from '#api/types/approval';
import type { ApprovalOutcome } from '#api/types/approval';
import { controllerReference } from '#api/machinery/meta';
import type { Approval, ApprovalSpec } from '#api/types/generated/approval';
import type { Task, TaskApproval, TaskQuestion } from '#api/types/generated/task';
import { TASKS } from '#api/types/resources';
import { TASK_LABEL } from '#api/types/sandboxes/sandbox';
import { controllerUIDs } from '../../runtime/owned-objects.ts';
import { isLabelValue, nameOfTask } from '../sandbox/own-names.ts';
import type { ApprovalSettings } from './settings.ts';

/** One thing that a Task asks people to decide. Whoever plans asks again in each plan until there is an outcome. */
export interface Ask {
  /** The end of the name of the Approval: letters, digits and dashes, the same in each plan. */
  key: string;
  purpose: ApprovalSpec['purpose'];
  /** A sentence for people. */
  message: string;
  node?: string;
  question?: TaskQuestion;
  settings: ApprovalSettings;
  /** An Approval of somebody else has the name: nobody can be asked. */
  isBlocked?: boolean;
}

/** Of an Approval that is over. */
export type Decided = Exclude<ApprovalOutcome, { result: 'closed' }>;

/** The decisions of people so far, by the keys of what was asked. */
export interface Decisions {
  outcomeOf(key: string): Decided | undefined;
}

/** @param approvals those whose controller is the Task; others are not heeded */
export function decisionsOf(task: Task, approvals: readonly Approval[]): Decisions {
  const own = approvals.filter((approval) => isOwnApproval(task, approval));
  const byName = new Map(own.map((approval) => [approval.metadata.name, approval]));
  return {
    outcomeOf(key) {
      const approval = byName.get(approvalName(task, key));
      const outcome = approval && outcomeOf(approval);
      // Nobody waited for it then; somebody does now, and it is made again.
      return outcome?.result === 'closed' ? undefined : outcome;
    },
  };
}

/** A stage that is tried again after people looked at it is looked at again. */
export const stageKey = (node: string, attempt = 1): string => `${node}-stage-${attempt}`;

/** Of a node that waits for a decision. One that people have again is decided again. */
export const stepKey = (node: string, attempt = 1): string =>
  attempt === 1 ? `${node}-step` : `${node}-step-${attempt}`;

const BUDGET = 'budget-';

/** @param number which time it is asked for, from 1 */
export const budgetKey = (number: number): string => `${BUDGET}${number}`;

/** Ids of questions are those of programs, of any form. */
export const questionKey = (id: string): string =>
  `question-${createHash('sha256').update(id).digest('hex').slice(0, 10)}`;

/** Worked out, so that two controllers cannot make two Approvals for one thing. */
export const approvalName = (task: Task, key: string): string => `${nameOfTask(task)}-${key}`;

/**
 * Whether the Task has made it, and it asks what its name says. The server lets only controllers make one with a controller;
 * the plan does not rely on that alone.
 */
export function isOwnApproval(task: Task, approval: Approval): boolean {
  const uid = task.metadata.uid ?? '';
  const { metadata, spec } = approval;
  const prefix = `${nameOfTask(task)}-`;
  return (
    controllerUIDs(approval, TASKS).includes(uid) &&
    spec.taskRef.uid === uid &&
    metadata.name.startsWith(prefix) &&
    isAbout(spec, metadata.name.slice(prefix.length))
  );
}

function isAbout({ purpose, node, questionId }: ApprovalSpec, key: string): boolean {
  switch (purpose) {
    case 'Stage':
      return key.startsWith(`${node ?? ''}-stage-`);
    case 'Step':
      return key === stepKey(node ?? '') || key.startsWith(`${stepKey(node ?? '')}-`);
    case 'Question':
    case 'ToolUse':
      return questionId !== undefined && key === questionKey(questionId);
    case 'Budget':
      return key.startsWith(BUDGET);
  }
}

/** As the status of the Task names it, before it is made. */
export function namedApproval(task: Task, { key, purpose, node, question }: Ask): TaskApproval {
  return {
    name: approvalName(task, key),
    purpose,
    ...(node === undefined ? {} : { node }),
    ...(question === undefined ? {} : { questionId: question.id }),
  };
}

const MOST_MESSAGE = 32_768;
/** A list that was cut would hide an answer; more than that anybody may give. */
const MOST_OPTIONS = 100;

export function approvalObject(task: Task, ask: Ask): Approval {
  const { metadata } = task;
  const { tool, level, input, options } = ask.question ?? {};
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Approval',
    metadata: {
      name: approvalName(task, ask.key),
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      ...(isLabelValue(metadata.name) ? { labels: { [TASK_LABEL]: metadata.name } } : {}),
      ownerReferences: [controllerReference(task)],
    },
    spec: {
      taskRef: { name: metadata.name, uid: metadata.uid ?? '' },
      purpose: ask.purpose,
      message: ask.message.slice(0, MOST_MESSAGE).toWellFormed(),
      ...(ask.node === undefined ? {} : { node: ask.node }),
      ...(ask.question === undefined ? {} : { questionId: ask.question.id }),
      ...(tool === undefined ? {} : { tool }),
      ...(level === undefined ? {} : { level }),
      ...(input === undefined ? {} : { input }),
      ...(options === undefined || options.length > MOST_OPTIONS ? {} : { options }),
      ...settingsFor(ask),
    },
  };
}

/** Nobody answers a question by being late. */
function settingsFor({ purpose, settings }: Ask): ApprovalSettings {
  const isAnswer = purpose === 'Question' && settings.onTimeout === 'Approve';
  return isAnswer ? { ...settings, onTimeout: 'Reject' } : settings;
}
