import type { NewCondition } from '../machinery/condition.ts';
import { notReady, ready } from './ready.ts';

/** Reasons of a Bot. */
export const BotReason = {
  /** Ready=True: Ghost, Shell and Model exist and are ready. */
  ReferencesResolved: 'ReferencesResolved',
  /** Ready=False: ghostRef names a Ghost that does not exist. */
  GhostNotFound: 'GhostNotFound',
  /** Ready=False: shellRef names a Shell that does not exist. */
  ShellNotFound: 'ShellNotFound',
  /** Ready=False: modelRef or secondaryModelRef names a Model that does not exist. */
  ModelNotFound: 'ModelNotFound',
  /** Ready=False: the Shell calls a model, but modelRef is absent. */
  ModelRequired: 'ModelRequired',
  /** Ready=False: the Shell does not work with this kind of Model. */
  ModelNotSupported: 'ModelNotSupported',
  /** Ready=False: a Skill of the Ghost is not for this Shell. */
  SkillNotSupported: 'SkillNotSupported',
  /** Ready=False: the Ghost exists but is not ready. */
  GhostNotReady: 'GhostNotReady',
  /** Ready=False: the Shell exists but is not ready. */
  ShellNotReady: 'ShellNotReady',
  /** Ready=False: the Model exists but is not ready. */
  ModelNotReady: 'ModelNotReady',
} as const;

/** Why a Bot is not ready. */
export type BotNotReadyReason = Exclude<(typeof BotReason)[keyof typeof BotReason], 'ReferencesResolved'>;

export function botReady(): NewCondition {
  return ready(BotReason.ReferencesResolved, 'Ghost, Shell and Model are ready.');
}

/** Names the field or the missing object in `message`. */
export function botNotReady(reason: BotNotReadyReason, message: string): NewCondition {
  return notReady(reason, message);
}
