import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '#api/client/client';
import { connect } from '#api/client/connect';
import { GHOSTS } from '#api/types/resources';
import type { Ghost } from '#api/types/generated/ghost';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { freshDatabase } from '../conformance/storage/databases.ts';
import { SHORT_LEASE, startTroupe } from '../kit/troupe-process.ts';
import type { TroupeProcess } from '../kit/troupe-process.ts';

/** Two processes that could do the same work: one of them does, and the other one when that dies, hangs or stops. */
const stack = new AsyncDisposableStack();
let kubeconfig: string;
let client: Client;

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder('election')).path;
  kubeconfig = path.join(folder, 'kubeconfig');
  stack.use(
    await startTroupe({
      args: [
        ...['api', '--listen', '127.0.0.1:0', '--data-dir', path.join(folder, 'data')],
        ...['--write-kubeconfig', kubeconfig],
      ],
      env: { TROUPE_DATABASE_URL: '', TROUPE_REDIS_URL: '' },
      readyLine: /^troupe api ready/,
    }),
  );
  const connection = await connect({ kubeconfig });
  stack.defer(() => connection.close());
  ({ client } = connection);
});
afterAll(() => stack.disposeAsync());

const LEADS = /"msg":"leads now"/;
const LOST = /"msg":"does not lead any more"/;

interface Member extends TroupeProcess {
  healthURL: string;
  /** Resolves when it has said so. */
  says(line: RegExp): Promise<void>;
}

/** `troupe controllers`, one of several that share the Lease `lease`. */
async function member(lease: string): Promise<Member> {
  const started = await startTroupe({
    args: ['controllers', '--kubeconfig', kubeconfig, '--leader-elect-resource-name', lease, ...SHORT_LEASE],
    readyLine: /^troupe controllers ready, health at (\S+)$/,
  });
  const { process: running } = started;
  return {
    ...started,
    healthURL: started.ready[1] ?? '',
    says: (line) =>
      running.until({
        what: `say ${line.source}`,
        ready: () => line.test(running.output()),
        timeoutMs: 60_000,
      }),
  };
}

/** One that leads and one that stands by. */
async function pair(lease: string, own: AsyncDisposableStack): Promise<{ leader: Member; standby: Member }> {
  const leader = own.use(await member(lease));
  await leader.says(LEADS);
  const standby = own.use(await member(lease));
  return { leader, standby };
}

async function metric({ healthURL }: Member, line: RegExp): Promise<number> {
  const text = await (await fetch(`${healthURL}/metrics`)).text();
  return Number(line.exec(text)?.[1] ?? Number.NaN);
}

const leads = (one: Member): Promise<number> =>
  metric(one, /^leader_election_master_status\{name="[^"]*"\} (\d)$/m);
const reconciled = (one: Member): Promise<number> =>
  metric(one, /^controller_runtime_reconcile_total\{controller="ghost",result="success"\} (\d+)$/m);

let ghosts = 0;

/** A Ghost that is Ready is one that some controller has worked on. */
async function ghostGetsReady(): Promise<void> {
  ghosts += 1;
  const name = `ghost-${ghosts}`;
  const ghost: Ghost = {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Ghost',
    metadata: { namespace: 'default', name },
    spec: { systemPrompt: 'You are.' },
  };
  await client.create(GHOSTS, ghost);
  await expect
    .poll(async () => (await client.get(GHOSTS, { namespace: 'default', name })).status?.state, {
      timeout: 60_000,
    })
    .toBe('Available');
}

describe('two `troupe controllers`', () => {
  it('one works, the other one is ready and waits', async () => {
    await using own = new AsyncDisposableStack();
    const { leader, standby } = await pair('one-works', own);
    await ghostGetsReady();
    expect([await leads(leader), await leads(standby)]).toEqual([1, 0]);
    expect(await reconciled(leader)).toBeGreaterThan(0);
    expect(await reconciled(standby)).toBe(0);
    for (const one of [leader, standby]) {
      expect(await (await fetch(`${one.healthURL}/readyz`)).text()).toBe('ok');
    }
  });

  it('the other one works when the first is killed', async () => {
    await using own = new AsyncDisposableStack();
    const { leader, standby } = await pair('killed', own);
    await leader.kill();
    await ghostGetsReady();
    expect(await leads(standby)).toBe(1);
  });

  it('the other one works at once when the first stops cleanly', async () => {
    await using own = new AsyncDisposableStack();
    const { leader, standby } = await pair('stopped', own);
    await leader.process.stop();
    expect(leader.process.output()).toContain('gave the lease up');
    await standby.says(LEADS);
    await ghostGetsReady();
  });

  it('one that hung does nothing any more when it comes back', async () => {
    await using own = new AsyncDisposableStack();
    const { leader, standby } = await pair('hung', own);
    await ghostGetsReady();
    process.kill(leader.process.pid, 'SIGSTOP');
    own.defer(() => void process.kill(leader.process.pid, 'SIGCONT'));
    await standby.says(LEADS);
    await ghostGetsReady();
    process.kill(leader.process.pid, 'SIGCONT');
    await leader.says(LOST);
    const before = await reconciled(leader);
    await ghostGetsReady();
    expect([await leads(leader), await leads(standby)]).toEqual([0, 1]);
    expect(await reconciled(leader)).toBe(before);
  });
});

describe('two `troupe server` on one MySQL', () => {
  it('one of them works, and the other one when it stops', async () => {
    await using own = new AsyncDisposableStack();
    const folder = own.use(await temporaryFolder('servers')).path;
    const database = own.use(await freshDatabase('mysql'));
    const server = async (name: string): Promise<TroupeProcess & { metrics(): Promise<string> }> => {
      const started = await startTroupe({
        args: [
          ...['server', '--listen', '127.0.0.1:0', '--data-dir', folder, '--driver', 'process'],
          ...SHORT_LEASE,
        ],
        env: { TROUPE_DATABASE_URL: database.url, TROUPE_REDIS_URL: '', EXECUTOR_NAME: name },
        readyLine: /^troupe server ready at (\S+),/,
      });
      const file = path.join(folder, 'kubeconfig');
      const connection = await connect({ kubeconfig: file, server: started.ready[1] ?? '' });
      own.use(started);
      own.defer(() => connection.close());
      return {
        ...started,
        metrics: async () => (await connection.transport.send({ method: 'GET', path: '/metrics' })).text,
      };
    };
    const one = await server('one');
    const other = await server('other');
    const leading = 'leader_election_master_status{name="troupe-controllers"} 1';
    await expect.poll(() => one.metrics(), { timeout: 60_000 }).toContain(leading);
    expect(await other.metrics()).not.toContain(leading);
    await one.process.stop();
    await expect.poll(() => other.metrics(), { timeout: 60_000 }).toContain(leading);
  });
});
