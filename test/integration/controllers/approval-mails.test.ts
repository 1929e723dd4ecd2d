import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Approval, ApprovalSpec } from '#api/types/generated/approval';
import { APPROVALS, ROLE_BINDINGS, USERS } from '#api/types/resources';
import { freePort } from '#dev/environment/free-port';
import { mailServer } from '../../kit/mail-server.ts';
import type { MailServer } from '../../kit/mail-server.ts';
import { play } from './play.ts';
import type { Play } from './play.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

/** Mails that ask people to decide: the controllers ask for them, the server sends them. */
let mails: MailServer;
let world: World;
let p: Play;

/** Where the server says that it is. */
let base: string;

beforeAll(async () => {
  mails = await mailServer();
  const port = await freePort();
  base = `https://127.0.0.1:${port}`;
  world = await startWorld({
    api: {
      advertiseURL: base,
      listen: { host: '127.0.0.1', port },
      smtp: { url: mails.url, from: 'troupe@example.com' },
    },
  });
  await world.startControllers();
  p = play(world.client, 'default');
  await p.create.task('task');
  for (const [name, groups] of [
    ['ann', []],
    ['bob', ['leads']],
  ] as const) {
    await world.client.create(USERS, {
      ...{ apiVersion: 'agent.wecode.io/v1alpha1', kind: 'User', metadata: { name } },
      spec: { email: `${name}@example.com`, groups: [...groups] },
    });
    await world.client.create(ROLE_BINDINGS, {
      ...{ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding' },
      metadata: { name, namespace: 'default' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name }],
    });
  }
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await mails[Symbol.asyncDispose]();
});

let count = 0;

const make = (spec: Partial<ApprovalSpec>): Promise<Approval> =>
  world.client.create(APPROVALS, {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Approval',
    metadata: { name: `a${(count += 1)}`, namespace: 'default' },
    spec: { taskRef: { name: 'task' }, purpose: 'Stage', message: 'Go on?', notify: { mail: {} }, ...spec },
  });

/** Quoted-printable (RFC 2045, 6.7), as far as mails of this server use it. */
const textOf = (mail: string): string => mail.replaceAll(/=\r?\n/g, '').replaceAll('=3D', '=');

describe('a mail', () => {
  it('goes to the approvers, by name and by group, and its addresses decide as who got it', async () => {
    const approval = await make({ approvers: { users: ['ann'], groups: ['leads'] } });
    const both = [textOf(await mails.next()), textOf(await mails.next())];
    const anns = both.find((mail) => mail.includes('ann@example.com')) ?? '';
    expect(both.some((mail) => mail.includes('bob@example.com'))).toBe(true);
    expect(anns).toContain('Go on?');
    expect(anns).toContain(`troupe approve ${approval.metadata.name} -n default`);
    const [, address = ''] = /Reject: (\S+)/.exec(anns) ?? [];
    expect(address.startsWith(`${base}/webhooks/approvals/default/${approval.metadata.name}?token=`)).toBe(
      true,
    );
    await world.transport.send({ method: 'POST', path: address.slice(base.length) });
    const { status } = await p.there(
      APPROVALS,
      approval.metadata.name,
      (one) => one.status?.decision !== undefined,
    );
    expect(status).toMatchObject({ decision: 'Rejected', decidedBy: { name: 'ann' } });
    const told = await p.there(
      APPROVALS,
      approval.metadata.name,
      (one) => one.status?.notifications?.length === 2,
    );
    expect(told.status?.notifications).toMatchObject([
      { channel: 'Mail', event: 'Requested', recipient: 'ann', state: 'Sent' },
      { channel: 'Mail', event: 'Requested', recipient: 'bob', state: 'Sent' },
    ]);
    expect(JSON.stringify(told), 'no address is kept').not.toContain('token');
  });

  it('that nobody gets is told, and not tried again', async () => {
    const approval = await make({ notify: { mail: { users: ['nobody'] } } });
    const { status } = await p.there(
      APPROVALS,
      approval.metadata.name,
      (one) => one.status?.notifications !== undefined,
    );
    expect(status?.notifications).toMatchObject([
      {
        recipient: 'nobody',
        state: 'Failed',
        message: 'there is no User "nobody" with an address for mails',
      },
    ]);
  });
});
