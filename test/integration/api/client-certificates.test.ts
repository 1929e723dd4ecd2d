import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect } from 'node:http2';
import type { ClientHttp2Session } from 'node:http2';
import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import type { TemporaryFolder } from '#dev/environment/temporary-folder';
import { systemClock } from '#api/machinery/clock';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { makeAuthority } from '../../kit/certificates.ts';
import type { Identity } from '../../kit/certificates.ts';
import { run } from '../../kit/command.ts';
import { recordingLogger } from '../../kit/recording-logger.ts';
import { SELF_REVIEW, WHOAMI } from '../../kit/whoami.ts';

const REVIEW = JSON.stringify(SELF_REVIEW);
/** Whoever is in this group may ask who he is, whatever the rules are. */
const MASTERS = 'O=system:masters';
const HOUR_MS = 3_600_000;
const MANY = Array.from({ length: 200 }, (_, index) => `g${index}`);

let folder: TemporaryFolder;
let users: Identity;
let proxies: Identity;
let api: TestApi;
/** How far the server's clock is ahead. */
let ahead = 0;
const logger = recordingLogger();
const { lines } = logger;

beforeAll(async () => {
  folder = await temporaryFolder('client-certificates');
  [users, proxies] = await Promise.all([makeAuthority('CN=users'), makeAuthority('CN=proxies')]);
  await writeFile(path.join(folder.path, 'users.pem'), users.certificate);
  await writeFile(path.join(folder.path, 'proxies.pem'), proxies.certificate);
  api = await testApi({
    logger,
    clock: { ...systemClock, now: () => Date.now() + ahead },
    authentication: {
      clientCAFile: path.join(folder.path, 'users.pem'),
      frontProxy: {
        clientCAFile: path.join(folder.path, 'proxies.pem'),
        allowedNames: ['front-proxy-client'],
        headers: {
          username: ['X-Remote-User', 'X-Other-User'],
          uid: ['X-Remote-Uid'],
          group: ['X-Remote-Group'],
          extraPrefix: ['X-Remote-Extra-'],
        },
      },
    },
  });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

interface Shown {
  as?: Pick<Identity, 'certificate' | 'key'>;
  /** Names and values by turns. */
  headers?: readonly string[];
}

interface Answer {
  status: number;
  user?: { username: string; uid?: string; groups: string[]; extra?: Record<string, string[]> };
}

const tls = ({ as }: Shown) => ({
  ca: api.caCertificate,
  ...(as === undefined ? {} : { cert: as.certificate, key: as.key }),
});

/** Who the server takes a client for. */
async function whoami(shown: Shown, agent?: Agent): Promise<Answer> {
  const own = agent ?? new Agent(tls(shown));
  const sent = request(`${api.url}${WHOAMI}`, {
    agent: own,
    method: 'POST',
    headers: [
      ...['host', 'localhost', 'content-type', 'application/json', 'content-length', String(REVIEW.length)],
      ...(shown.headers ?? []),
    ],
  });
  sent.end(REVIEW);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const body = await text(answer);
  if (agent === undefined) own.destroy();
  return answerOf(answer.statusCode ?? 0, body);
}

function answerOf(status: number, body: string): Answer {
  const { status: said } = JSON.parse(body) as { status: { userInfo?: Answer['user'] } };
  return { status, ...(said.userInfo === undefined ? {} : { user: said.userInfo }) };
}

async function whoamiOver(
  session: ClientHttp2Session,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const stream = session.request({
    ...{ ':method': 'POST', ':path': WHOAMI, 'content-type': 'application/json' },
    ...headers,
  });
  stream.end(REVIEW);
  const [head] = (await once(stream, 'response')) as [{ ':status': number }];
  return answerOf(head[':status'], await text(stream));
}

const bearer = (): readonly string[] => ['authorization', `Bearer ${api.token}`];

describe('a client certificate', () => {
  it('says who it is: its common name is the user, organizations are groups', async () => {
    const as = await users.issue({ subject: `CN=jürgen, ${MASTERS}, O=staff` });
    expect(await whoami({ as })).toEqual({
      status: 201,
      user: {
        username: 'jürgen',
        groups: ['system:masters', 'staff', 'system:authenticated'],
        extra: {
          'authentication.kubernetes.io/credential-id': [expect.stringMatching(/^X509SHA256=[\da-f]{64}$/)],
        },
      },
    });
  });

  it('counts with HTTP/2 and with an upgrade to WebSocket', async () => {
    const as = await users.issue({ subject: `CN=alice, ${MASTERS}` });
    const session = connect(api.url, tls({ as }));
    onTestFinished(() => session.destroy());
    expect(await whoamiOver(session)).toMatchObject({ status: 201, user: { username: 'alice' } });
    expect(await upgrade({ as })).toMatch(/^HTTP\/1\.1 400 /);
    expect(await upgrade({})).toMatch(/^HTTP\/1\.1 401 /);
  });

  // As a kube-apiserver 1.37 answered to the same certificates.
  it.each<[string, string, string, readonly string[]]>([
    ['no organization', 'CN=ann', 'ann', []],
    ['many organizations', `CN=ann, ${MANY.map((one) => `O=${one}`).join(', ')}`, 'ann', MANY],
    ['two names', 'CN=one, CN=two', 'two', []],
    ['a unit, which is no group', 'CN=ann, OU=staff', 'ann', []],
    ['the name of a ServiceAccount', 'CN=system:serviceaccount:a:b', 'system:serviceaccount:a:b', []],
  ])('with %s', async (_, subject, username, groups) => {
    const as = await users.issue({ subject: `${subject}, ${MASTERS}` });
    const user = { username, groups: [...groups, 'system:masters', 'system:authenticated'] };
    expect(await whoami({ as })).toMatchObject({ status: 201, user });
  });

  it('of the anonymous is not of somebody who has logged in', async () => {
    const as = await users.issue({ subject: `CN=system:anonymous, ${MASTERS}` });
    expect(await whoami({ as })).toMatchObject({ user: { groups: ['system:masters'] } });
  });

  it('without a list of usages is good for all', async () => {
    const as = await users.issue({ subject: `CN=alice, ${MASTERS}`, usages: [] });
    expect(await whoami({ as })).toMatchObject({ status: 201 });
  });

  it.each<[string, () => Promise<Pick<Identity, 'certificate' | 'key'>>]>([
    [
      'of an authority that nobody has named',
      async () => (await makeAuthority()).issue({ subject: 'CN=eve' }),
    ],
    [
      'of one that only has the same name',
      async () => (await makeAuthority('CN=users')).issue({ subject: `CN=eve, ${MASTERS}` }),
    ],
    ['that nobody has signed', () => makeAuthority('CN=eve')],
    ['for servers', () => users.issue({ subject: `CN=eve, ${MASTERS}`, usages: ['serverAuth'] })],
    [
      'that has expired',
      () => users.issue({ subject: 'CN=eve', from: Date.now() - 2 * HOUR_MS, to: Date.now() - HOUR_MS }),
    ],
    [
      'that is not yet valid',
      () => users.issue({ subject: 'CN=eve', from: Date.now() + HOUR_MS, to: Date.now() + 2 * HOUR_MS }),
    ],
    [
      'that a certificate has signed that is no authority',
      async () => {
        const user = await users.issue({ subject: 'CN=alice' });
        const forged = await user.issue({ subject: `CN=eve, ${MASTERS}` });
        return { ...forged, certificate: forged.certificate + user.certificate };
      },
    ],
    ['of a proxy', () => proxies.issue({ subject: 'CN=front-proxy-client' })],
    ['without a common name', () => users.issue({ subject: MASTERS })],
  ])('%s lets nobody in, and a token beside it counts', async (_, make) => {
    const as = await make();
    expect(await whoami({ as })).toEqual({ status: 401 });
    expect(await whoami({ as, headers: bearer() })).toMatchObject({
      status: 201,
      user: { username: 'troupe-admin' },
    });
  });

  it('is not needed: a token alone counts, and nothing is nobody', async () => {
    expect(await whoami({ headers: bearer() })).toMatchObject({ user: { username: 'troupe-admin' } });
    expect(await whoami({})).toEqual({ status: 401 });
  });

  it('ends to count while its connection goes on', async () => {
    const as = await users.issue({ subject: `CN=alice, ${MASTERS}`, to: Date.now() + HOUR_MS });
    const agent = new Agent({ ...tls({ as }), keepAlive: true, maxSockets: 1 });
    const session = connect(api.url, tls({ as }));
    onTestFinished(() => {
      ahead = 0;
      agent.destroy();
      session.destroy();
    });
    expect([await whoami({ as }, agent), await whoamiOver(session)]).toMatchObject([
      { status: 201 },
      { status: 201 },
    ]);
    ahead = 2 * HOUR_MS;
    expect([await whoami({ as }, agent), await whoamiOver(session)]).toEqual([
      { status: 401 },
      { status: 401 },
    ]);
  });

  it('does not come back with a session of TLS that is taken up again', async () => {
    const as = await users.issue({ subject: `CN=alice, ${MASTERS}` });
    const { hostname, port } = new URL(api.url);
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      const options = { ...tls({ as }), host: hostname, port: Number(port), maxVersion };
      const first = connectTls(options);
      first.write(`GET /version HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`);
      await text(first);
      const session = first.getSession();
      const again = connectTls({ ...options, ...(session === undefined ? {} : { session }) });
      await once(again, 'secureConnect');
      expect(again.isSessionReused(), maxVersion).toBe(false);
      again.destroy();
    }
  });

  it('is kubectl’s', async () => {
    const { certificate, key } = await users.issue({ subject: `CN=alice, ${MASTERS}` });
    const kubeconfig = path.join(folder.path, 'kubeconfig');
    const base64 = (pem: string): string => Buffer.from(pem).toString('base64');
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'one',
      clusters: [
        {
          name: 'one',
          cluster: { server: api.url, 'certificate-authority-data': base64(api.caCertificate) },
        },
      ],
      users: [
        {
          name: 'one',
          user: { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) },
        },
      ],
      contexts: [{ name: 'one', context: { cluster: 'one', user: 'one' } }],
    };
    await writeFile(kubeconfig, stringify(config));
    const env = { HOME: folder.path, KUBECONFIG: kubeconfig };
    const { stdout } = await run(
      'kubectl',
      ['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'],
      {
        env,
      },
    );
    expect(stdout).toBe('alice');
  });
});

describe('a front proxy', () => {
  const proxy = (): Promise<Identity> => proxies.issue({ subject: 'CN=front-proxy-client' });
  const alice = ['X-Remote-User', 'alice', 'X-Remote-Group', 'system:masters'];

  it('says who the user is', async () => {
    const headers = [
      ...alice,
      ...['X-Remote-Group', 'a, b', 'X-Remote-Group', '', 'x-REMOTE-uid', '7'],
      ...['X-Remote-Extra-Example.org%2fTeam', 'red', 'X-Remote-Extra-example.org%2Fteam', 'blue'],
    ];
    expect(await whoami({ as: await proxy(), headers })).toEqual({
      status: 201,
      user: {
        username: 'alice',
        uid: '7',
        groups: ['system:masters', 'a, b', 'system:authenticated'],
        extra: { 'example.org/team': ['red', 'blue'] },
      },
    });
  });

  it('may use the second header for users, and HTTP/2', async () => {
    const session = connect(api.url, tls({ as: await proxy() }));
    onTestFinished(() => session.destroy());
    const headers = { 'x-other-user': 'bob', 'x-remote-group': 'system:masters' };
    expect(await whoamiOver(session, headers)).toMatchObject({ user: { username: 'bob' } });
  });

  it('may act as its user only as far as that user may', async () => {
    const headers = ['X-Remote-User', 'alice', 'Impersonate-User', 'troupe-admin'];
    expect(await whoami({ as: await proxy(), headers })).toEqual({ status: 403 });
  });

  it.each<[string, () => Promise<Identity | undefined>, readonly string[]]>([
    ['nobody', () => Promise.resolve(undefined), alice],
    ['a user', () => users.issue({ subject: 'CN=eve' }), alice],
    ['a user who is called like the proxy', () => users.issue({ subject: 'CN=front-proxy-client' }), alice],
    ['another client of the authority of proxies', () => proxies.issue({ subject: 'CN=other' }), alice],
    [
      'a stranger who is called like the proxy',
      async () => (await makeAuthority('CN=proxies')).issue({ subject: 'CN=front-proxy-client' }),
      alice,
    ],
    ['a proxy that names two users', proxy, [...alice, 'x-remote-user', 'eve']],
    ['a proxy that names no user', proxy, ['X-Remote-User', '', 'X-Remote-Group', 'system:masters']],
    ['a proxy that says a group alone', proxy, ['X-Remote-Group', 'system:masters']],
    ['underscores', proxy, ['X_Remote_User', 'alice', 'X_Remote_Group', 'system:masters']],
  ])('is not believed: %s', async (_, make, headers) => {
    const as = await make();
    const answer = await whoami({ ...(as === undefined ? {} : { as }), headers });
    // Who has a certificate of a user is that user, whatever the headers say.
    const own = ['eve', 'front-proxy-client'];
    const isBelieved = answer.user !== undefined && !own.includes(answer.user.username);
    expect({ ...answer, isBelieved }).toMatchObject({ isBelieved: false });
  });
});

it('servers behind this one can read whom to believe', async () => {
  const where = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
  expect((await api.send(where)).json()).toMatchObject({
    data: {
      'client-ca-file': users.certificate,
      'requestheader-client-ca-file': proxies.certificate,
      'requestheader-allowed-names': '["front-proxy-client"]',
      'requestheader-username-headers': '["X-Remote-User","X-Other-User"]',
      'requestheader-group-headers': '["X-Remote-Group"]',
      'requestheader-uid-headers': '["X-Remote-Uid"]',
      'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
    },
  });
});

describe('a file of authorities that changes', () => {
  const changed = async (content: string): Promise<void> => {
    const before = lines.length;
    await writeFile(path.join(folder.path, 'users.pem'), content);
    await expect
      .poll(() => lines.slice(before).some((line) => /authorities of clients|a changed file/.test(line)))
      .toBe(true);
  };

  it('is read again: new authorities count, old ones end to, on open connections too', async () => {
    const old = await users.issue({ subject: `CN=alice, ${MASTERS}` });
    const agent = new Agent({ ...tls({ as: old }), keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    expect(await whoami({ as: old }, agent)).toMatchObject({ status: 201 });
    const next = await makeAuthority('CN=next');
    await changed(next.certificate);
    expect(await whoami({ as: old }, agent)).toEqual({ status: 401 });
    const where = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
    const published = async (): Promise<string> => (await api.send(where)).text;
    await expect.poll(published).toContain(JSON.stringify(next.certificate).slice(1, -1));
    expect(await whoami({ as: old })).toEqual({ status: 401 });
    const as = await next.issue({ subject: `CN=bob, ${MASTERS}` });
    expect(await whoami({ as })).toMatchObject({ user: { username: 'bob' } });
    await changed('no certificate');
    expect(await whoami({ as })).toMatchObject({ user: { username: 'bob' } });
    const middle = await next.issue({ subject: 'CN=middle', isAuthority: true });
    await changed(middle.certificate);
    expect(await whoami({ as })).toMatchObject({ user: { username: 'bob' } });
    await changed(next.certificate + middle.certificate);
    const below = await middle.issue({ subject: `CN=carol, ${MASTERS}` });
    expect(await whoami({ as: below })).toMatchObject({ user: { username: 'carol' } });
    await changed(users.certificate);
    expect(await whoami({ as: old }, agent)).toMatchObject({ user: { username: 'alice' } });
  });
});

/** The first line of the answer to a request for a WebSocket. */
async function upgrade(shown: Shown): Promise<string> {
  const { hostname, port } = new URL(api.url);
  const socket = connectTls({ ...tls(shown), host: hostname, port: Number(port) });
  socket.write(
    `GET /api/v1/namespaces HTTP/1.1\r\nHost: ${hostname}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  const [first] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return first.toString().split('\r\n')[0] ?? '';
}
