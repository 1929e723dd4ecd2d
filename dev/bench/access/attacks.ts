import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { Agent, request } from 'undici';
import { makeApiKey } from '#api/authentication/api-key';
import { rate } from '../load/figure.ts';
import type { Figure } from '../load/figure.ts';
import { load, percentiles } from '../load/load.ts';
import type { Load } from '../load/load.ts';
import { residentMiB } from '../load/resident-memory.ts';
import { apiUnderTest } from '../servers/api-under-test.ts';
import type { ApiUnderTest } from '../servers/api-under-test.ts';

const USERS = '/apis/agent.wecode.io/v1alpha1/users';
const PASSWORD = 'tangerine kettle orbit';
const PEOPLE = 40;
/** Of each of two kinds that are compared, by turns. */
const SAMPLES = 400;
const SLOW_LOGINS = 200;
const WRONG_PASSWORDS = 2_000;
const READS = 2_000;

/** The cost of attacks for the server and others, and the facts that the time of an answer tells. */
export async function measureAttacks(): Promise<Figure[]> {
  const flags = [
    '--trusted-proxy',
    '127.0.0.0/8',
    '--rate-limit',
    'login=none',
    '--rate-limit',
    'sensitive=none',
  ];
  await using api = await apiUnderTest({ command: ['api', ...flags] });
  await using attacker = createAttacker(api);
  const names = Array.from({ length: PEOPLE }, (_, n) => `user-${n}`);
  for (const name of names) await makeUser(api, name);
  return [
    ...(await measureTimes(api, attacker, names)),
    ...(await measureTokens(api, attacker)),
    ...(await measureFlood(api, attacker)),
  ];
}

interface Sent {
  body?: object;
  token?: string;
}

interface Attacker extends AsyncDisposable {
  /** From a network that nobody came from before. Any status is fine. */
  send(path: string, sent: Sent): Promise<{ status: number; text: string }>;
  /** A login whose body never comes. */
  slowLogin(): TLSSocket;
}

function createAttacker({ access: { url, caCertificate = '' } }: ApiUnderTest): Attacker {
  const dispatcher = new Agent({ connections: 128, connect: { ca: caCertificate }, allowH2: false });
  let networks = 0;
  const nextAddress = (): string => {
    networks += 1;
    return `10.${networks >> 16}.${(networks >> 8) & 255}.${networks & 255}`;
  };
  return {
    async send(path, { body, token }) {
      const answer = await request(url + path, {
        dispatcher,
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          'x-forwarded-for': nextAddress(),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: answer.statusCode, text: await answer.body.text() };
    },
    slowLogin() {
      const { hostname, port } = new URL(url);
      const socket = connect({ host: hostname, port: Number(port), ca: caCertificate });
      socket.on('error', () => undefined);
      const head = [
        'POST /api/auth/login HTTP/1.1',
        `Host: ${hostname}`,
        `X-Forwarded-For: ${nextAddress()}`,
      ];
      socket.write(
        `${[...head, 'Content-Type: application/json', 'Content-Length: 1000'].join('\r\n')}\r\n\r\n{`,
      );
      return socket;
    },
    [Symbol.asyncDispose]: () => dispatcher.destroy(),
  };
}

async function makeUser(api: ApiUnderTest, name: string): Promise<void> {
  const kind = { apiVersion: 'agent.wecode.io/v1alpha1', kind: 'User' };
  await api.call('POST', USERS, { ...kind, metadata: { name }, spec: {} });
  const { token } = JSON.parse(await api.call('POST', `${USERS}/${name}/passwordreset`)) as { token: string };
  await api.call('POST', '/api/auth/reset-password', { token, new_password: PASSWORD });
}

async function logIn(
  attacker: Attacker,
  name: string,
): Promise<{ access_token: string; refresh_token: string }> {
  const { text } = await attacker.send('/api/auth/login', { body: { user_name: name, password: PASSWORD } });
  return JSON.parse(text) as { access_token: string; refresh_token: string };
}

/** Comparisons of secrets: something that is there beside something that is not. */
async function measureTimes(
  api: ApiUnderTest,
  attacker: Attacker,
  names: readonly string[],
): Promise<Figure[]> {
  const { access_token: token, refresh_token: refreshToken } = await logIn(attacker, names[0] ?? '');
  const { text } = await attacker.send('/api/users/me/api-keys', { token, body: { name: 'bench' } });
  const id = (JSON.parse(text) as { key: string }).key.split('_')[1] ?? '';
  const owner = api.access.headers['authorization']?.slice('Bearer '.length) ?? '';
  const [form = '', user, session, family = '', secret = ''] = refreshToken.split('.');
  const wrong = (name: string) =>
    attacker.send('/api/auth/login', { body: { user_name: name, password: 'wrong' } });
  const show = (shown: string) => attacker.send('/api/users/me', { token: shown });
  const renew = (...parts: (string | undefined)[]) =>
    attacker.send('/api/auth/refresh', { body: { refresh_token: [form, ...parts].join('.') } });
  return [
    await compare('wrong password: of a User, of nobody', [
      (n) => wrong(names[n % names.length] ?? ''),
      (n) => wrong(`nobody-${n % names.length}`),
    ]),
    await compare('API key: wrong secret, unknown id', [
      () => show(makeApiKey(id).key),
      () => show(makeApiKey(turned(id)).key),
    ]),
    await compare('owner’s token: all but its end, nothing', [
      () => show(owner.slice(0, -1) + other(owner.at(-1))),
      () => show(other(owner[0]) + owner.slice(1)),
    ]),
    await compare('refresh token: of a session, of none', [
      () => renew(user, session, turned(family), secret),
      () => renew(user, turned(session ?? ''), family, secret),
    ]),
  ];
}

const other = (character = ''): string => (character === 'A' ? 'B' : 'A');
const turned = (text: string): string => Array.from(text).toReversed().join('');

type Call = (sample: number) => Promise<unknown>;

/** Alternately, so that whatever else the machine does meets both. */
async function compare(name: string, calls: readonly [Call, Call]): Promise<Figure> {
  const times: [number[], number[]] = [[], []];
  for (let sample = 0; sample < SAMPLES; sample++) {
    for (const [which, call] of calls.entries()) {
      const start = performance.now();
      await call(sample);
      times[which]?.push(performance.now() - start);
    }
  }
  const [one, two] = [percentiles(times[0]), percentiles(times[1])];
  const chance = (100 * chanceOfMore(times[0], times[1])).toFixed(0);
  return {
    name,
    on: 'sqlite',
    value: `${chance} % of pairs: the first is slower`,
    ...one,
    floor: `the second ${two.p50Ms.toFixed(2)} and ${two.p99Ms.toFixed(2)} ms`,
    ratio: one.p50Ms / two.p50Ms,
  };
}

/** Of all pairs, how many have more of the first: one half where nobody can tell the two apart (Mann and Whitney). */
function chanceOfMore(first: readonly number[], second: readonly number[]): number {
  const sorted = second.toSorted((a, b) => a - b);
  let more = 0;
  for (const value of first) {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    more += low;
  }
  return more / (first.length * second.length);
}

/** Tokens that are meant to cost: each is shown to the server for the first time. */
async function measureTokens({ pid }: ApiUnderTest, attacker: Attacker): Promise<Figure[]> {
  const { access_token: token } = await logIn(attacker, 'user-1');
  const [head = '', claims = '', signature = ''] = token.split('.');
  const tail = (n: number): string => String(n).padStart(8, '0');
  const bombs: Record<string, (n: number) => string> = {
    'a good token': () => token,
    'a signature of somebody else': (n) => `${head}.${claims}.${tail(n)}${signature.slice(8)}`,
    '15 KiB of claims': (n) => `${head}.${'A'.repeat(15_000)}${tail(n)}.${signature}`,
    '14 KiB of brackets': (n) => `${head}.${nested(1_700, n)}.${signature}`,
    'no form at all': (n) => `x${n}`,
  };
  const figures: Figure[] = [];
  for (const [name, make] of Object.entries(bombs)) {
    const call = (n: number): Promise<unknown> => attacker.send('/api/users/me', { token: make(n) });
    const { perSecond, ...measured } = await load({ count: READS, concurrency: 16, call, pid });
    figures.push({
      name: `a request with ${name}`,
      on: 'sqlite',
      value: `${Math.round(perSecond)}/s`,
      ...measured,
    });
  }
  return figures;
}

const nested = (depth: number, n: number): string =>
  Buffer.from(`{"n":${n},"a":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`).toString('base64url');

const REVIEW = {
  ...{ apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview' },
  spec: { resourceAttributes: { verb: 'get', resource: 'secrets', namespace: 'default' } },
};

/** The effect on others of 200 logins that never end and 2,000 wrong passwords. */
async function measureFlood(api: ApiUnderTest, attacker: Attacker): Promise<Figure[]> {
  const { access_token: token } = await logIn(attacker, 'user-2');
  const others: Record<string, Call> = {
    'a read': () => attacker.send('/api/users/me', { token }),
    'a write': () =>
      attacker.send('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { token, body: REVIEW }),
  };
  const measureOthers = () =>
    Promise.all(
      Object.entries(others).map(async ([name, call]) => {
        const measured = await load({ count: READS, concurrency: 4, call });
        return { name, measured };
      }),
    );
  const quiet = await measureOthers();
  const before = await residentMiB(api.pid);
  const slow = Array.from({ length: SLOW_LOGINS }, () => attacker.slowLogin());
  try {
    const codes = new Map<number, number>();
    const guess = async (n: number): Promise<void> => {
      const body = { user_name: `guess-${n}`, password: 'wrong' };
      const { status } = await attacker.send('/api/auth/login', { body });
      codes.set(status, (codes.get(status) ?? 0) + 1);
    };
    const [guesses, flooded] = await Promise.all([
      load({ count: WRONG_PASSWORDS, concurrency: 100, call: guess }),
      measureOthers(),
    ]);
    const answered = [...codes].map(([code, count]) => `${count} x ${code}`).join(', ');
    const memory = await residentMiB(api.pid);
    return [
      ...flooded.map(({ name, measured }, index) => inFlood(name, measured, quiet[index]?.measured)),
      { name: 'a wrong password of the flood', on: 'sqlite', value: answered, ...guesses },
      {
        ...{ name: 'memory of the server in the flood', on: 'sqlite', value: `${Math.round(memory)} MiB` },
        ...{ floor: `before it ${Math.round(before)} MiB`, ratio: memory / before },
      },
    ];
  } finally {
    for (const socket of slow) socket.destroy();
  }
}

function inFlood(name: string, { perSecond, p50Ms, p99Ms }: Load, quiet: Load | undefined): Figure {
  return {
    ...{
      name: `${name} of others, in a flood of logins`,
      on: 'sqlite',
      value: rate(perSecond),
      p50Ms,
      p99Ms,
    },
    floor: `quiet ${quiet?.p50Ms.toFixed(2)} and ${quiet?.p99Ms.toFixed(2)} ms`,
    ratio: p50Ms / (quiet?.p50Ms ?? Number.NaN),
  };
}
