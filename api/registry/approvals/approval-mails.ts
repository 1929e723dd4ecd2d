import { fieldsOf } from '../../machinery/json/json.ts';
import { badRequest, isStatusError, StatusError } from '../../machinery/status-error.ts';
import { API_SERVER_USER } from '../../machinery/users/user.ts';
import { SESSION_EXTRA, userOfAccount } from '../../types/account.ts';
import type { Approval } from '../../types/generated/approval.ts';
import type { User as Account } from '../../types/generated/user.ts';
import type { Registry } from '../registry.ts';
import type { Target } from '../resource.ts';
import type { ApprovalLinks } from './approval-links.ts';
import { accountOf } from './link-users.ts';

/** Sends mails to people. */
export interface MailSender {
  /** Resolves when a server has taken it. @throws Error, which shows no credential */
  send(mail: { to: string; subject: string; text: string }): Promise<void>;
}

/** Mails that ask a User of the server's own to decide. */
export interface ApprovalMails {
  /**
   * One mail, for `{user}`, at the address of the account.
   * @throws StatusError BadRequest where that User gets no mail, or this server sends none; InternalError, to try again
   */
  send(target: Target, body: unknown): Promise<void>;
}

export interface ApprovalMailOptions {
  registry: Pick<Registry, 'catalog' | 'get'>;
  links: Pick<ApprovalLinks, 'address'>;
  /** Absent: this server sends no mail. */
  mailer: MailSender | undefined;
  /** Where people reach this server; absent: mails have no addresses that decide. */
  baseURL: string | undefined;
}

export function createApprovalMails(options: ApprovalMailOptions): ApprovalMails {
  const { registry, mailer } = options;
  return {
    async send(target, body) {
      const { user: name } = fieldsOf(body);
      if (typeof name !== 'string' || name === '') throw badRequest('user must be the name of a User');
      if (mailer === undefined) throw badRequest('this server sends no mail');
      const account = await accountOf(registry, name);
      const email = account?.spec.email;
      if (account === undefined || email === undefined)
        throw badRequest(`there is no User "${name}" with an address for mails`);
      const { object } = await registry.get({ target, user: API_SERVER_USER });
      const approval = object as unknown as Approval;
      const addresses = await addressesFor(options, target, account);
      try {
        await mailer.send({ to: email, ...mailOf(approval, addresses) });
      } catch (error) {
        throw new StatusError('InternalError', 'the mail was not taken', { cause: error });
      }
    },
  };
}

/** As lines; none where that user may not decide, or not by a click. */
async function addressesFor(
  { links, baseURL }: ApprovalMailOptions,
  target: Target,
  account: Account,
): Promise<string[]> {
  if (baseURL === undefined) return [];
  // The address is that of the account: it is as good as a login, by which a new password comes, too.
  const user = userOfAccount(account, { [SESSION_EXTRA]: [] });
  const lines: string[] = [];
  for (const [decision, verb] of Object.entries({ Approved: 'Approve', Rejected: 'Reject' })) {
    const made = await unlessRefused(links.address(target, { decision }, user));
    if (made !== undefined) lines.push(`${verb}: ${new URL(made.path, baseURL).href}`);
  }
  return lines;
}

async function unlessRefused<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isStatusError(error, 'Forbidden') || isStatusError(error, 'Invalid')) return undefined;
    throw error;
  }
}

const MOST_SHOWN = 4000;

/** Plain text: what is asked comes from agents and repositories. */
function mailOf(
  { metadata, spec }: Approval,
  addresses: readonly string[],
): { subject: string; text: string } {
  const { name, namespace = '' } = metadata;
  const use = spec.tool === undefined ? [] : [`${spec.tool} ${JSON.stringify(spec.input ?? {})}`];
  const choice = spec.options === undefined ? [] : [`One of: ${spec.options.join(', ')}`];
  const asked = [spec.message, ...use, ...choice].join('\n').slice(0, MOST_SHOWN).toWellFormed();
  return {
    subject: `Troupe: task ${spec.taskRef.name} waits for you`,
    text: [
      ...[`Task ${spec.taskRef.name} in ${namespace} asks:`, '', asked, ''],
      ...(addresses.length === 0 ? [] : [...addresses, '']),
      'On a command line:',
      `  troupe approve ${name} -n ${namespace}${spec.purpose === 'Question' ? ' -m ANSWER' : ''}`,
      `  troupe reject ${name} -n ${namespace} --reason WHY`,
      '',
    ].join('\n'),
  };
}
