import type { NewCondition } from '../../machinery/condition.ts';
import type { TeamSpec } from '../generated/team.ts';
import { notReady, ready } from '../ready.ts';

/** Reasons of a Team. */
export const TeamReason = {
  /** Ready=True: every member is ready. */
  MembersReady: 'MembersReady',
  /** Ready=True: it is pinned to a TaskRevision, which is there; members are not looked at. */
  RevisionPinned: 'RevisionPinned',
  /** Ready=False: it is pinned to a TaskRevision that is not there, or not one of this Team. */
  RevisionNotFound: 'RevisionNotFound',
  /** Ready=False: a member names a Bot that does not exist. */
  BotNotFound: 'BotNotFound',
  /** Ready=False: a member names a Bot that is not ready. */
  BotNotReady: 'BotNotReady',
  /** Ready=False: this version does not carry out the collaborationModel. */
  UnsupportedMode: 'UnsupportedMode',
  /** Ready=False: two members have the same name. */
  DuplicateMember: 'DuplicateMember',
  /** Ready=False: collaborationRef names a Collaboration that does not exist. */
  CollaborationNotFound: 'CollaborationNotFound',
  /** Ready=False: the Collaboration is not ready. */
  CollaborationNotReady: 'CollaborationNotReady',
  /** Ready=False: a step of the Collaboration names a participant that is no member. */
  UnknownParticipant: 'UnknownParticipant',
  /** Ready=False: the members or the settings do not fit the collaborationModel. */
  InvalidSettings: 'InvalidSettings',
} as const;

/** Why a Team is not ready. */
export type TeamNotReadyReason = Exclude<
  (typeof TeamReason)[keyof typeof TeamReason],
  'MembersReady' | 'RevisionPinned'
>;

/** How the members work together; a Team that names a Collaboration need not say that it works by it. */
export function collaborationModelOf({
  collaborationModel,
}: TeamSpec): NonNullable<TeamSpec['collaborationModel']> {
  return collaborationModel ?? 'workflow';
}

/** `absent` says which members are not ready, where Tasks can do without them. */
export function teamReady(absent?: string): NewCondition {
  const message =
    absent === undefined ? 'All members are ready.' : `Tasks start without some members: ${absent}`;
  return ready(TeamReason.MembersReady, message);
}

/** Its Tasks run with a TaskRevision, whatever its members are now. */
export function teamPinned(revision: string): NewCondition {
  return ready(TeamReason.RevisionPinned, `Pinned: its Tasks run with TaskRevision "${revision}".`);
}

/** Names the field or the missing object in `message`. */
export function teamNotReady(reason: TeamNotReadyReason, message: string): NewCondition {
  return notReady(reason, message);
}
