import { formatTime } from '../../machinery/clock.ts';
import type { Clock } from '../../machinery/clock.ts';
import { fieldsOf } from '../../machinery/json/json.ts';
import { badRequest, conflict, ignoreNotFound, StatusError } from '../../machinery/status-error.ts';
import { API_SERVER_USER } from '../../machinery/users/user.ts';
import type { User } from '../../machinery/users/user.ts';
import { phaseOf, timesOutAt } from '../../types/approval.ts';
import type { Approval } from '../../types/generated/approval.ts';
import { APPROVALS } from '../../types/resources.ts';
import type { Registry } from '../registry.ts';
import type { Target } from '../resource.ts';
import { createLinkTokens } from './link-tokens.ts';
import type { LinkClaims } from './link-tokens.ts';
import { linkUser, presentUser } from './link-users.ts';

/**
 * Addresses that decide: each stands for one decision of one user about one Approval, for mails and chats. They are shown
 * to who asks for one and kept nowhere. Whoever has one decides with the rights that its user has then; the Approval is
 * decided once, by whichever address or other way, so an address works once at most.
 */
export interface ApprovalLinks {
  /**
   * The address of `{decision}` for a user who may decide that.
   * @throws StatusError Forbidden, Invalid as the decision itself; BadRequest; NotFound
   */
  address(target: Target, body: unknown, user: User): Promise<DecisionAddress>;
  /** @throws StatusError NotFound, whatever is wrong: a stranger learns nothing about Approvals */
  judge(call: LinkCall): Promise<JudgedLink>;
  /** @throws StatusError Conflict where it is decided; as a decision of the user else */
  decide(link: JudgedLink, words: { reason?: string }): Promise<Approval>;
}

export interface DecisionAddress {
  /** With its token: path and query of a URL. */
  path: string;
  /** RFC 3339. */
  expiresAt: string;
}

/** The parts of an address. */
export interface LinkCall {
  namespace: string;
  name: string;
  token: string;
}

export interface JudgedLink {
  target: Target;
  approval: Approval;
  decision: LinkClaims['decision'];
  user: User;
}

export const DECISION_PATH = '/webhooks/approvals/';

export interface ApprovalLinkOptions {
  registry: Pick<Registry, 'catalog' | 'get' | 'patch'>;
  /** As for createLinkTokens. */
  secret: Uint8Array;
  clock: Clock;
}

/** However long an Approval waits. */
const LONGEST_MS = 7 * 24 * 60 * 60 * 1000;

export function createApprovalLinks({ registry, secret, clock }: ApprovalLinkOptions): ApprovalLinks {
  const tokens = createLinkTokens(secret);
  return {
    async address(target, body, user) {
      const { decision } = fieldsOf(body);
      if (decision !== 'Approved' && decision !== 'Rejected')
        throw badRequest('decision must be Approved or Rejected');
      // Whoever could not decide now gets no address for later.
      const approval = await write(registry, { target, user, status: { decision }, dryRun: true });
      const now = clock.now();
      const end = Math.min(timesOutAt(approval) ?? Infinity, now + LONGEST_MS);
      const expiresAt = Math.floor(end / 1000);
      const uid = approval.metadata.uid ?? '';
      const token = tokens.tokenFor({ uid, decision, user: linkUser(user), expiresAt });
      const place = [target.namespace, target.name].map(encodeURIComponent).join('/');
      return { path: `${DECISION_PATH}${place}?token=${token}`, expiresAt: formatTime(expiresAt * 1000) };
    },
    async judge({ namespace, name, token }) {
      const claims = tokens.read(token, clock.now());
      const resource = registry.catalog.find(APPROVALS);
      if (claims === undefined || resource === undefined) throw unknown();
      const target = { resource, namespace, name };
      const found = await ignoreNotFound(registry.get({ target, user: API_SERVER_USER }));
      const approval = found?.object as Approval | undefined;
      const user = await presentUser(registry, claims.user);
      if (approval?.metadata.uid !== claims.uid || user === undefined) throw unknown();
      return { target, approval, decision: claims.decision, user };
    },
    async decide({ target, approval, decision, user }, words) {
      if (phaseOf(approval) === 'Decided')
        throw conflict(target.resource, target.name, 'it is decided already');
      return write(registry, { target, user, status: { decision, ...words }, dryRun: false });
    },
  };
}

const unknown = (): StatusError => new StatusError('NotFound', 'there is no such address, or not any longer');

interface Write {
  target: Target;
  user: User;
  status: { decision: string; reason?: string };
  dryRun: boolean;
}

async function write(
  registry: Pick<Registry, 'patch'>,
  { target, user, status, dryRun }: Write,
): Promise<Approval> {
  const patch = { target, subresource: 'status', type: 'merge', body: { status } } as const;
  const options = { user, dryRun, fieldValidation: 'Strict', fieldManager: 'decision-address' } as const;
  return (await registry.patch({ ...patch, ...options })).object.object as unknown as Approval;
}
