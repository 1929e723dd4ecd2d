import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeJoinToken } from '#api/types/join-token';
import type { JoinRequest } from '#api/types/join-token';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { testApi } from '../../kit/api.ts';
import type { ApiAnswer, TestApi } from '../../kit/api.ts';
import { commandsFor } from '../../kit/command.ts';
import type { CommandResult, Commands } from '../../kit/command.ts';
import { startTroupe } from '../../kit/troupe-process.ts';
import type { TroupeProcess } from '../../kit/troupe-process.ts';

/** Machines become Executors by join tokens: what a good one gives, and what every other one gets. */
const stack = new AsyncDisposableStack();
let api: TestApi;
let commands: Commands;
let folder: string;

beforeAll(async () => {
  api = stack.use(await testApi());
  folder = stack.use(await temporaryFolder('join')).path;
  commands = commandsFor(api.kubeconfig);
});
afterAll(() => stack.disposeAsync());

const KIND = '/apis/agent.wecode.io/v1alpha1/jointokens';
const ACCOUNTS = '/api/v1/namespaces/troupe-executors/serviceaccounts';
const CLAIM = 'c'.repeat(43);
const HOUR = 3_600_000;

/** A token made as the command does it. */
async function makeToken(spec: object, ttl = HOUR): Promise<string> {
  const { id, token, tokenHash } = makeJoinToken();
  const expirationTime = `${new Date(Date.now() + ttl).toISOString().slice(0, 19)}Z`;
  const body = {
    ...{ apiVersion: 'agent.wecode.io/v1alpha1', kind: 'JoinToken', metadata: { name: id } },
    spec: { tokenHash, expirationTime, ...spec },
  };
  const answer = await api.send(KIND, { method: 'POST', body });
  expect(answer.status, answer.text).toBe(201);
  return token;
}

const join = (body: Partial<JoinRequest>): Promise<ApiAnswer> =>
  api.send('/executors/join', { method: 'POST', body: { claim: CLAIM, ...body }, token: undefined });

const identityOf = (answer: ApiAnswer): { name: string; token: string } => {
  expect(answer.status, answer.text).toBe(201);
  return JSON.parse(answer.text) as { name: string; token: string };
};

const messageOf = ({ text }: ApiAnswer): string => (JSON.parse(text) as { message: string }).message;

describe('a join token', () => {
  it('gives the identity of its Executor, bound to both its account and the Executor', async () => {
    const { name, token } = identityOf(await join({ token: await makeToken({ executorName: 'one' }) }));
    expect(name).toBe('one');
    const executor = await commands.get<{ metadata: { uid: string } }>('executor', 'one');
    expect(decodeJwt(token)).toMatchObject({
      sub: 'system:serviceaccount:troupe-executors:one',
      'kubernetes.io': { node: { name: 'one', uid: executor.metadata.uid } },
    });
    const own = await api.send('/apis/agent.wecode.io/v1alpha1/executors/one', { token });
    expect(own.status).toBe(200);
  });

  it('is worth nothing to a second machine; the first one may ask again, since its answer may be lost', async () => {
    const token = await makeToken({ executorName: 'twice' });
    identityOf(await join({ token }));
    const other = await join({ token, claim: 'd'.repeat(43) });
    expect(other.status).toBe(401);
    expect(messageOf(other)).toMatch(
      /^the join token was used at \S+Z, by the machine that became the executor "twice"$/,
    );
    identityOf(await join({ token }));
  });

  it('is used once, whoever comes at the same moment', async () => {
    const token = await makeToken({ executorName: 'race' });
    const claims = Array.from({ length: 5 }, (_, at) => `${at}`.repeat(43));
    const answers = await Promise.all(claims.map((claim) => join({ token, claim })));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 401, 401, 401, 401]);
  });

  it('ends the identity that the Executor had before', async () => {
    const before = identityOf(await join({ token: await makeToken({ executorName: 'again' }) }));
    const after = identityOf(await join({ token: await makeToken({ executorName: 'again' }) }));
    const reads = await Promise.all(
      [before, after].map(({ token }) =>
        api.send('/apis/agent.wecode.io/v1alpha1/executors/again', { token }),
      ),
    );
    expect(reads.map(({ status }) => status)).toEqual([401, 200]);
  });

  it.each([
    ['of another form', 'abc', 401, /^the join token is not whole: it has the form ID\.SECRET$/],
    [
      'that nobody has made',
      `0badcafe.${'x'.repeat(43)}`,
      401,
      /^the join token is not known: it was revoked, or another server has made it$/,
    ],
  ])('%s is refused', async (_, token, status, message) => {
    const answer = await join({ token });
    expect(answer.status).toBe(status);
    expect(messageOf(answer)).toMatch(message);
  });

  it('whose time is over says so, but only to those who have its secret', async () => {
    const token = await makeToken({ executorName: 'late' }, -1000);
    expect(messageOf(await join({ token }))).toMatch(/^the join token expired at \S+Z$/);
    const [id = ''] = token.split('.');
    expect(messageOf(await join({ token: `${id}.${'x'.repeat(43)}` }))).toMatch(/is not known/);
  });

  it('that was revoked is not known', async () => {
    const token = await makeToken({ executorName: 'revoked' });
    await commands.mustTroupe(['executor', 'token', 'revoke', token]);
    expect(messageOf(await join({ token }))).toMatch(/is not known: it was revoked/);
  });

  it.each([
    {
      why: 'another name',
      spec: { executorName: 'mine' },
      name: 'yours',
      status: 403,
      says: /not for "yours"/,
    },
    {
      why: 'a name without its prefix',
      spec: { executorNamePrefix: 'gpu-' },
      name: 'cpu-1',
      status: 403,
      says: /names begin with "gpu-", not for "cpu-1"/,
    },
    {
      why: 'a name that is none',
      spec: { executorNamePrefix: 'gpu' },
      name: 'gpu_1',
      status: 422,
      says: /gpu_1/,
    },
    { why: 'no name at all', spec: { executorNamePrefix: 'gpu-' }, status: 400, says: /which one it is/ },
  ])('for $why is refused', async ({ spec, name, status, says }) => {
    const answer = await join({ token: await makeToken(spec), ...(name === undefined ? {} : { name }) });
    expect(answer.status, answer.text).toBe(status);
    expect(messageOf(answer)).toMatch(says);
  });

  it('for a prefix makes new Executors only, named by the machine', async () => {
    const first = identityOf(
      await join({ token: await makeToken({ executorNamePrefix: 'rack-' }), host: 'a1' }),
    );
    expect(first.name).toBe('rack-a1');
    const taken = await join({ token: await makeToken({ executorNamePrefix: 'rack-' }), host: 'rack-a1' });
    expect(taken.status).toBe(409);
    expect(messageOf(taken)).toMatch(/there is an executor "rack-a1" already/);
  });

  it('is for one Executor or one prefix, and is never changed', async () => {
    const { id, tokenHash } = makeJoinToken();
    const spec = {
      executorName: 'x',
      executorNamePrefix: 'x',
      tokenHash,
      expirationTime: '2030-01-01T00:00:00Z',
    };
    const both = await api.send(KIND, {
      method: 'POST',
      body: { apiVersion: 'agent.wecode.io/v1alpha1', kind: 'JoinToken', metadata: { name: id }, spec },
    });
    expect(messageOf(both)).toMatch(/exactly one of executorName and executorNamePrefix must be set/);
    const [name = ''] = (await makeToken({ executorName: 'fixed' })).split('.');
    const moved = await commands.kubectl([
      ...['patch', 'jointoken', name, '--type=merge'],
      '-p={"spec":{"executorName":"other"}}',
    ]);
    expect(moved.stderr).toMatch(/field is immutable/);
  });
});

describe('the identity of a machine that has joined', () => {
  it('renews itself, and what it makes ends with the Executor as well', async () => {
    const { token } = identityOf(await join({ token: await makeToken({ executorName: 'bound' }) }));
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
    const answer = await api.send(`${ACCOUNTS}/bound/token`, { method: 'POST', body, token });
    const { status } = JSON.parse(answer.text) as { status: { token: string } };
    expect(decodeJwt(status.token)).toMatchObject({ 'kubernetes.io': { node: { name: 'bound' } } });
    await commands.mustKubectl(['delete', 'executor', 'bound']);
    for (const shown of [token, status.token]) {
      const refused = await api.send('/apis/agent.wecode.io/v1alpha1/executors/bound', { token: shown });
      expect(refused.status).toBe(401);
    }
  });

  it('can neither join others nor become one', async () => {
    const { token } = identityOf(await join({ token: await makeToken({ executorName: 'modest' }) }));
    const reads = await Promise.all([KIND, `${ACCOUNTS}/modest`].map((where) => api.send(where, { token })));
    expect(reads.map(({ status }) => status)).toEqual([403, 403]);
    const other = await api.send(`${ACCOUNTS}/one/token`, { method: 'POST', body: { spec: {} }, token });
    expect(other.status).toBe(403);
  });
});

/** The arguments of the command that `troupe executor token create` prints. */
async function printedCommand(...args: string[]): Promise<string[]> {
  const text = await commands.mustTroupe(['executor', 'token', 'create', ...args]);
  return text.trim().split(' ').slice(1);
}

/** As another machine: without the kubeconfig of the administrator. */
const manager = (args: readonly string[], dataDir: string): Promise<CommandResult> =>
  commands.troupe([...args, '--driver', 'process', '--data-dir', dataDir], { env: { KUBECONFIG: '' } });

async function startManager(args: readonly string[], dataDir: string): Promise<TroupeProcess> {
  return startTroupe({
    args: [...args, '--driver', 'process', '--data-dir', dataDir, '--health-address', 'none'],
    env: { KUBECONFIG: '', HOME: folder },
    readyLine: /^troupe executor-manager ready/,
  });
}

describe('troupe executor-manager --join', () => {
  it('joins by the command that was printed, and works on by itself with the same or with no flags', async () => {
    const args = await printedCommand('worker-1', '--ttl', '10m');
    expect(args.join(' ')).toMatch(
      /^executor-manager --join https:\/\/127\.0\.0\.1:\d+ --token [0-9a-f]{8}\.\S{43} --ca-hash sha256:[0-9a-f]{64}$/,
    );
    const dataDir = path.join(folder, 'worker-1');
    for (const flags of [args, args, ['executor-manager']]) {
      await using _running = await startManager(flags, dataDir);
      const ready = '--for=condition=Ready';
      await commands.mustKubectl(['wait', 'executor/worker-1', ready, '--timeout=30s']);
    }
    const { mode } = await stat(path.join(dataDir, 'joined/kubeconfig'));
    expect((mode & 0o777).toString(8)).toBe('600');
    expect(await commands.mustTroupe(['executor', 'token', 'list'])).toMatch(/ worker-1 +used +worker-1 /);
  });

  it('is told when it was removed, and joins again with a new token', async () => {
    const dataDir = path.join(folder, 'removed');
    const first = await printedCommand('removed');
    await (await startManager(first, dataDir))[Symbol.asyncDispose]();
    expect(await commands.mustTroupe(['executor', 'delete', 'removed'])).toMatch(/credentials are refused/);
    const refused = await manager(['executor-manager'], dataDir);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /refuses the token of the executor removed: it was removed, or another machine/,
    );
    await using _again = await startManager(await printedCommand('removed'), dataDir);
  });

  it.each([
    {
      why: 'another authority',
      change: (args: string[]) => args.map((one) => one.replace(/sha256:\w{6}/, 'sha256:000000')),
      says: /the authority of \S+ is not the one of --ca-hash.*Nothing was sent to it/,
    },
    {
      why: 'no word about the authority',
      change: (args: string[]) => args.slice(0, -2),
      says: /cannot join: .*certificate.*give --ca-hash/,
    },
    {
      why: 'nobody at the address',
      change: (args: string[]) => args.map((one) => one.replace(/:\d{4,5}$/, ':1')),
      says: /cannot join: unable to reach the server at https:\/\/127\.0\.0\.1:1: connection refused/,
    },
    {
      why: 'a token that is not known',
      change: (args: string[]) => args.map((one) => one.replace(/^[0-9a-f]{8}\./, '00000000.')),
      says: /cannot join \S+: the join token is not known/,
    },
    {
      why: 'no token',
      change: (args: string[]) => args.filter((_, at) => at !== 3 && at !== 4),
      says: /has not joined yet: give a join token/,
    },
    {
      why: 'a file that is not there',
      change: (args: string[]) => [
        'executor-manager',
        '--join',
        args[2] ?? '',
        '--token-file',
        '/nowhere/token',
      ],
      says: /--token-file: .*\/nowhere\/token/,
    },
  ])('says at once that it meets $why', async ({ change, says }) => {
    const args = await printedCommand('bad');
    const result = await manager(change(args), path.join(folder, 'bad'));
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(says);
    const [, secret = ''] = (args[4] ?? '').split('.');
    expect(result.stderr, 'no secret is printed').not.toContain(secret);
  });

  it('keeps to the server that it has joined', async () => {
    const dataDir = path.join(folder, 'kept');
    await mkdir(path.join(dataDir, 'joined'), { recursive: true });
    const known = await readFile(path.join(folder, 'worker-1/joined/kubeconfig'), 'utf8');
    await writeFile(path.join(dataDir, 'joined/kubeconfig'), known);
    const result = await manager(['executor-manager', '--join', 'https://other.example:7443'], dataDir);
    expect(result.stderr).toMatch(
      /holds the identity of an executor of \S+, not of https:\/\/other\.example:7443/,
    );
  });
});
