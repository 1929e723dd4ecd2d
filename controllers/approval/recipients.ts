import type { Approval, ApprovalApprovers } from '#api/types/generated/approval';
import type { Task } from '#api/types/generated/task';
import type { User } from '#api/types/generated/user';

type MembersOf = (group: string) => readonly User[];

/** Mails to hundreds of people would be read by nobody. */
const MOST = 100;

/**
 * The Users who get a mail while people are asked: those whom it names, else the approvers, members of groups too, and
 * where nobody is named the one who made the Task. After an escalation it is those who may decide since.
 */
export function mailRecipients(
  { spec, status }: Approval,
  { task, membersOf }: { task: Task | undefined; membersOf: MembersOf },
): string[] {
  const { mail } = spec.notify ?? {};
  if (mail === undefined) return [];
  const isEscalated = status?.escalatedAt !== undefined;
  if (isEscalated) return peopleOf(spec.escalation?.approvers ?? {}, membersOf);
  if (mail.users !== undefined) return mail.users.slice(0, MOST);
  const named = peopleOf(spec.approvers ?? {}, membersOf);
  const maker = task?.spec.user?.name;
  return named.length > 0 || maker === undefined ? named : [maker];
}

function peopleOf({ users = [], groups = [] }: ApprovalApprovers, membersOf: MembersOf): string[] {
  const members = groups.flatMap(membersOf).map(({ metadata }) => metadata.name);
  return [...new Set([...users, ...members])].slice(0, MOST);
}
