import { formatTime } from '#api/machinery/clock';
import { backOffDelay } from '#api/machinery/back-off';
import type { BackOff } from '#api/machinery/back-off';
import { phaseOf } from '#api/types/approval';
import type { Approval, ApprovalNotification } from '#api/types/generated/approval';
import { earliest } from '../runtime/soonest.ts';

type NoticeEvent = ApprovalNotification['event'];

/** One thing to tell one recipient by one way. */
export interface Notice {
  /** The same for each attempt. */
  id: string;
  channel: ApprovalNotification['channel'];
  event: NoticeEvent;
  /** A user, or the host of the address. */
  recipient: string;
}

export interface Recipients {
  /** Host of the address of the webhook; undefined without one. */
  webhook: string | undefined;
  /** Users who get a mail. */
  mail: readonly string[];
}

export interface NoticePlan {
  /** To be sent now. */
  due: readonly Notice[];
  /** The earliest time, in milliseconds, at which one is to be tried again. */
  retryAt?: number;
}

const RETRIES: BackOff = { first: 10_000, max: 10 * 60_000 };
/** About an hour and a half. */
const MOST_ATTEMPTS = 15;

/**
 * The notices of an Approval as it stands that are still to be sent. Mails ask only; an address is told of the end, too.
 * Nobody is asked once it is over.
 */
export function planNotices(approval: Approval, to: Recipients, now: number): NoticePlan {
  const known = new Map(approval.status?.notifications?.map((one) => [one.id, one]));
  const open = noticesOf(approval, to).filter(({ id }) => {
    const state = known.get(id)?.state;
    return state !== 'Sent' && state !== 'Failed';
  });
  const times = open.map((notice) => ({ notice, at: dueAt(known.get(notice.id)) }));
  const retryAt = earliest(times.filter(({ at }) => at > now).map(({ at }) => at));
  return {
    due: times.filter(({ at }) => at <= now).map(({ notice }) => notice),
    ...(retryAt === undefined ? {} : { retryAt }),
  };
}

function noticesOf(approval: Approval, { webhook, mail }: Recipients): Notice[] {
  const phase = phaseOf(approval);
  const event: NoticeEvent =
    phase !== 'Pending' ? phase : approval.status?.escalatedAt === undefined ? 'Requested' : 'Escalated';
  return [
    ...(webhook === undefined ? [] : [noticeOf('Webhook', event, webhook)]),
    ...(phase === 'Pending' ? mail.map((user) => noticeOf('Mail', event, user)) : []),
  ];
}

/** There is one address, whose host may change with its Secret. */
function noticeOf(channel: Notice['channel'], event: NoticeEvent, recipient: string): Notice {
  const id = channel === 'Webhook' ? `${channel}/${event}` : `${channel}/${event}/${recipient}`;
  return { id, channel, event, recipient };
}

function dueAt(tried: ApprovalNotification | undefined): number {
  if (tried === undefined) return 0;
  const { attempts = 1, lastAttemptAt = '' } = tried;
  return Date.parse(lastAttemptAt) + backOffDelay(RETRIES, attempts);
}

export type Sent = { taken: true } | { taken: false; why: string; isFinal: boolean };

/** The list with how an attempt went. */
export function withAttempt(
  list: readonly ApprovalNotification[],
  notice: Notice,
  { sent, now }: { sent: Sent; now: number },
): ApprovalNotification[] {
  const before = list.find(({ id }) => id === notice.id);
  const attempts = (before?.attempts ?? 0) + 1;
  const isOver = !sent.taken && (sent.isFinal || attempts >= MOST_ATTEMPTS);
  const next: ApprovalNotification = {
    ...notice,
    recipient: notice.recipient.slice(0, 253),
    state: sent.taken ? 'Sent' : isOver ? 'Failed' : 'Retrying',
    attempts,
    lastAttemptAt: formatTime(now),
    ...(sent.taken ? {} : { message: sent.why.slice(0, 1024) }),
  };
  return before === undefined ? [...list, next] : list.map((one) => (one === before ? next : one));
}
