import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:http2';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { parse, stringify } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestApi } from '../../kit/api.ts';
import type { CommandResult } from '../../kit/command.ts';
import { kubectlApi } from '../../kit/kubectl-api.ts';
import type { KubectlApi } from '../../kit/kubectl-api.ts';
import { SELF_REVIEW, WHOAMI } from '../../kit/whoami.ts';

let server: KubectlApi;
let api: TestApi;

beforeAll(async () => {
  server = await kubectlApi();
  ({ api } = server);
});
afterAll(() => server[Symbol.asyncDispose]());

const kubectl = (...args: string[]): Promise<CommandResult> => server.kubectl(args);
/** Whoever is in this group may ask who he is, whatever the rules are. */
const MASTERS = 'system:masters';

describe('kubectl', () => {
  it('--as, --as-group and --as-uid say who asks', async () => {
    const { stdout, stderr } = await kubectl(
      ...['auth', 'whoami', '-o', 'json', '--as=jürgen'],
      ...[`--as-group=${MASTERS}`, '--as-group=a, b', '--as-uid=7'],
    );
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({
      status: {
        userInfo: {
          username: 'jürgen',
          uid: '7',
          groups: [MASTERS, 'a, b', 'system:authenticated'],
        },
      },
    });
  });

  it('takes extra from its kubeconfig', async () => {
    const config = parse(await readFile(api.kubeconfig, 'utf8')) as { users: { user: object }[] };
    const extra = { 'example.org/Team': ['red', 'blue'] };
    for (const { user } of config.users)
      Object.assign(user, { as: 'alice', 'as-groups': [MASTERS], 'as-user-extra': extra });
    const file = path.join(server.home, 'kubeconfig');
    await writeFile(file, stringify(config));
    const { stdout } = await kubectl('auth', 'whoami', '-o', 'json', `--kubeconfig=${file}`);
    expect(JSON.parse(stdout)).toMatchObject({
      status: { userInfo: { username: 'alice', extra: { 'example.org/team': ['red', 'blue'] } } },
    });
  });

  it('--as a user without rights is refused in the name of that user', async () => {
    const { code, stderr } = await kubectl(
      ...['get', '--raw', '/api/v1/secrets', '--as=system:serviceaccount:default:robot'],
    );
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        'Error from server (Forbidden): secrets is forbidden: User "system:serviceaccount:default:robot" cannot list resource "secrets" in API group "" at the cluster scope\n',
    });
  });

  it('--as the anonymous is told what is forbidden', async () => {
    const { stderr } = await kubectl('get', '--raw', '/metrics', '--as=system:anonymous');
    expect(stderr).toContain('forbidden: User "system:anonymous" cannot get path "/metrics"');
  });
});

describe('headers that say who asks', () => {
  it('count nothing where nobody has logged in', async () => {
    for (const [name, value] of [
      ['x-remote-user', 'troupe-admin'],
      ['x-remote-group', MASTERS],
      ['impersonate-user', 'troupe-admin'],
      ['x_remote_user', 'troupe-admin'],
    ] as const) {
      const headers = { [name]: value, 'x-remote-group': MASTERS };
      expect((await api.send('/api/v1/secrets', { token: undefined, headers })).status, name).toBe(401);
    }
  });

  it('let the anonymous become nobody on the paths they may see', async () => {
    const headers = { 'impersonate-user': 'troupe-admin' };
    const answer = await api.send('/version', { token: undefined, headers });
    expect(answer.json()).toMatchObject({
      code: 403,
      message: 'forbidden: User "system:anonymous" cannot impersonate-on:user-info:get path "/version"',
    });
  });

  it('a front proxy that nobody has named is not believed beside a token', async () => {
    const headers = { 'x-remote-user': 'eve', 'x-remote-group': 'eves' };
    const answer = await api.send(WHOAMI, { method: 'POST', body: SELF_REVIEW, headers });
    expect(answer.json()).toMatchObject({ status: { userInfo: { username: 'troupe-admin' } } });
  });

  it('are read line by line with HTTP/2, too', async () => {
    const session = connect(api.url, { ca: api.caCertificate });
    const stream = session.request({
      ':method': 'POST',
      ':path': WHOAMI,
      authorization: `Bearer ${api.token}`,
      'content-type': 'application/json',
      'impersonate-user': 'alice',
      'impersonate-group': [MASTERS, 'a, b'],
    });
    stream.end(JSON.stringify(SELF_REVIEW));
    const answer = JSON.parse(await text(stream)) as object;
    session.close();
    expect(answer).toMatchObject({
      status: { userInfo: { username: 'alice', groups: [MASTERS, 'a, b', 'system:authenticated'] } },
    });
  });
});
