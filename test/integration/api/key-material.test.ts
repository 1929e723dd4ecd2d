import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { on, once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadToken } from '#api/data-folder/bootstrap-token';
import { loadCertificates } from '#api/data-folder/certificates/certificates';
import type { KeyMaterialAnswer, KeyMaterialRequest } from '../../kit/make-key-material.ts';

/** Replicas that share a folder: real processes that start at once, or are killed on the way. */

const NOW = Date.UTC(2026, 10, 21);
const NEARLY_OVER = NOW + 3640 * 24 * 60 * 60 * 1000;
const REPLICAS = 3;
const ROUNDS = 8;
/** More than there are: the last folders are finished. */
const STEPS = 60;

let base: string;
const replicas = new Set<ChildProcess>();

beforeAll(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'troupe-keys-'));
});
afterAll(async () => {
  for (const replica of replicas) await kill(replica);
  await rm(base, { recursive: true });
});

function startReplica(): ChildProcess {
  const replica = fork(new URL('../../kit/make-key-material.ts', import.meta.url));
  replicas.add(replica);
  return replica;
}

async function kill(replica: ChildProcess): Promise<void> {
  replicas.delete(replica);
  const ended = once(replica, 'exit');
  replica.kill('SIGKILL');
  await ended;
}

/** Asks for all at once; resolves when each is done or stands still. */
async function ask(
  replica: ChildProcess,
  requests: readonly KeyMaterialRequest[],
): Promise<Map<string, KeyMaterialAnswer['material']>> {
  const answers = new Map<string, KeyMaterialAnswer['material']>();
  const messages = on(replica, 'message', { close: ['exit'] });
  for (const request of requests) replica.send(request);
  for await (const [message] of messages) {
    const { folder, material } = message as KeyMaterialAnswer;
    answers.set(folder, material);
    if (answers.size === requests.length) return answers;
  }
  throw new Error('the replica ended by itself');
}

/** What a server that starts now works with; throws when the folder is of no use. */
async function startIn(folder: string, now: number): Promise<KeyMaterialAnswer['material']> {
  const token = await loadToken(path.join(folder, 'token'));
  const pki = { folder: path.join(folder, 'pki'), listenHost: '127.0.0.1', now };
  const { certificate, caCertificate } = await loadCertificates(pki);
  const server = new X509Certificate(certificate);
  expect(server.checkIssued(new X509Certificate(caCertificate))).toBe(true);
  expect(server.verify(new X509Certificate(caCertificate).publicKey)).toBe(true);
  expect(token).toMatch(/^[\w-]{43}$/);
  return { token, caCertificate };
}

describe('replicas that start at once', () => {
  it('on an empty folder have one token and one authority, and renew it to one', async () => {
    const together = Array.from({ length: REPLICAS }, startReplica);
    for (let round = 0; round < ROUNDS; round++) {
      const folder = path.join(base, `round-${round}`);
      for (const now of [NOW, NEARLY_OVER]) {
        const answers = await Promise.all(together.map((replica) => ask(replica, [{ folder, now }])));
        const lasting = await startIn(folder, now);
        for (const answer of answers) expect(answer.get(folder)).toEqual(lasting);
      }
    }
  });
});

describe('a replica that is killed', () => {
  it.each([
    ['makes', NOW],
    ['renews', NEARLY_OVER],
  ])('at any step while it %s the key material leaves a folder that serves', async (what, now) => {
    const origin = path.join(base, `${what}-origin`);
    if (now === NEARLY_OVER) await startIn(origin, NOW);
    const requests = Array.from({ length: STEPS }, (_, i) => {
      return { folder: path.join(base, `${what}-${i + 1}`), now, haltAt: i + 1 };
    });
    for (const { folder } of requests) {
      if (now === NEARLY_OVER) await cp(origin, folder, { recursive: true });
    }
    const replica = startReplica();
    const answers = await ask(replica, requests);
    await kill(replica);
    const halted = requests.filter(({ folder }) => answers.get(folder) === undefined);
    expect(halted.length, 'steps').toBeGreaterThan(20);
    expect(halted.length, 'steps').toBeLessThan(STEPS);
    for (const { folder } of requests) {
      const lasting = await startIn(folder, now);
      expect(answers.get(folder) ?? lasting, folder).toEqual(lasting);
      expect(await startIn(folder, now), `the next start: ${folder}`).toEqual(lasting);
    }
  });
});
