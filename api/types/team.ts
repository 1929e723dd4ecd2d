import type { NewCondition } from '../machinery/condition.ts';
import { notReady, ready } from './ready.ts';

/** Reasons of a Team. */
export const TeamReason = {
  /** Ready=True: every member is ready. */
  MembersReady: 'MembersReady',
  /** Ready=False: a member names a Bot that does not exist. */
  BotNotFound: 'BotNotFound',
  /** Ready=False: a member names a Bot that is not ready. */
  BotNotReady: 'BotNotReady',
  /** Ready=False: this version does not carry out the collaborationModel. */
  UnsupportedMode: 'UnsupportedMode',
  /** Ready=False: two members have the same name. */
  DuplicateMember: 'DuplicateMember',
} as const;

/** Why a Team is not ready. */
export type TeamNotReadyReason = Exclude<(typeof TeamReason)[keyof typeof TeamReason], 'MembersReady'>;

export function teamReady(): NewCondition {
  return ready(TeamReason.MembersReady, 'All members are ready.');
}

/** Names the field or the missing object in `message`. */
export function teamNotReady(reason: TeamNotReadyReason, message: string): NewCondition {
  return notReady(reason, message);
}
