import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { removeTree } from '#agent-folders/remove-tree';
import type { RunRequest, RunState } from '#executor-manager/protocol/run';
import { file, rawZip, SKILL_TEXT } from '#skill-packages/made-up';
import { packFiles } from '#skill-packages/skill-package';
import { systemClock } from '../clock.ts';
import { madeUpAccess } from '../model-access/made-up-access.ts';
import { startRun } from '../run/run.ts';
import { SkillShelf } from '../skills/skill-shelf.ts';
import { startRunnerServer } from './runner-server.ts';
import type { RunnerServer } from './runner-server.ts';

/** The part of the protocol that is about skills. */
const TOKEN = 'the-token';
const REQUEST: RunRequest = {
  shell: { type: 'Chat' },
  agent: { name: 'a' },
  model: { protocol: 'openai', name: 'm' },
  prompt: 'Hello',
  timeoutSeconds: 5,
};

let folder: string;
let server: RunnerServer;
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'troupe-skills-'));
  const modelAccess = madeUpAccess('http://127.0.0.1:1');
  const shelf = new SkillShelf(path.join(folder, 'state'));
  const places = { workspace: path.join(folder, 'workspace'), state: path.join(folder, 'state') };
  const tokenHash = createHash('sha256').update(TOKEN).digest('hex');
  server = await startRunnerServer({
    config: { host: '127.0.0.1', port: 0, tokenHash, ...places },
    environment: {},
    probe: () => Promise.reject(new Error('nothing is probed here')),
    onTunnel: (socket) => socket.destroy(),
    shelf: () => Promise.resolve(shelf),
    startRun: (id, request) =>
      Promise.resolve(
        startRun({
          id,
          request,
          ...places,
          environment: {},
          agentEnvironment: {},
          shelf,
          modelAccess,
          clock: systemClock,
        }),
      ),
  });
});
afterEach(async () => {
  await server.close();
  await removeTree(folder);
});

const call = (target: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${server.port}${target}`, {
    ...init,
    headers: { authorization: `Bearer ${TOKEN}` },
  });
const start = (request: RunRequest): Promise<Response> =>
  call('/v1/runs/r', { method: 'PUT', body: JSON.stringify(request) });
const put = (hash: string, name: string, body: Buffer) =>
  call(`/v1/skills/${hash}?name=${encodeURIComponent(name)}`, {
    method: 'PUT',
    body: new Uint8Array(body),
  });

it('are unpacked once, and nobody may write to them', async () => {
  const { zip, contentHash } = await packFiles([
    file('SKILL.md', SKILL_TEXT),
    file('a/run', '#!/bin/sh', true),
  ]);
  const hash = contentHash.slice('sha256:'.length);
  const answers = await Promise.all([put(hash, 'pdf', zip), put(hash, 'pdf', zip)]);
  expect(answers.map(({ status }) => status)).toEqual([204, 204]);
  const skill = path.join(folder, 'state', 'skills', hash, 'pdf');
  const modes = ['.', 'SKILL.md', 'a', 'a/run'].map((name) => statSync(path.join(skill, name)).mode & 0o777);
  expect(modes).toEqual([0o555, 0o444, 0o555, 0o555]);
  expect(readFileSync(path.join(skill, 'SKILL.md'), 'utf8')).toBe(SKILL_TEXT);
});

it.each([
  { reason: 'a bomb', name: 'pdf', body: rawZip([{ name: 'a', content: Buffer.alloc(1e8) }]), status: 400 },
  { reason: 'a path that leads out', name: 'pdf', body: rawZip([{ name: '../../x' }]), status: 400 },
  { reason: 'no SKILL.md', name: 'pdf', body: rawZip([{ name: 'a' }]), status: 400 },
  { reason: 'a name that leads out', name: '../x', body: rawZip([{ name: 'SKILL.md' }]), status: 400 },
  { reason: 'no name', name: '', body: rawZip([{ name: 'SKILL.md' }]), status: 400 },
  { reason: 'what is no zip', name: 'pdf', body: Buffer.from('hello'), status: 400 },
  { reason: 'more than 2 MiB', name: 'pdf', body: Buffer.alloc(3e6), status: 413 },
])('$reason is refused, and leaves nothing behind', async ({ name, body, status }) => {
  const hash = createHash('sha256').update(body).digest('hex');
  expect((await put(hash, name, body)).status).toBe(status);
  expect(existsSync(path.join(folder, 'state', 'skills'))).toBe(false);
});

it('another content than the hash says is refused', async () => {
  const answer = await put('a'.repeat(64), 'pdf', rawZip([{ name: 'SKILL.md' }]));
  expect(await answer.json()).toMatchObject({
    error: { message: expect.stringContaining('another hash') },
  });
});

it('a run whose skill was not put does not begin', async () => {
  const skills = [{ name: 'pdf', hash: 'a'.repeat(64), description: 'd' }];
  expect((await start({ ...REQUEST, agent: { name: 'a', skills } })).status).toBe(200);
  await (await call('/v1/runs/r/events')).text();
  const state = (await (await call('/v1/runs/r')).json()) as RunState;
  expect(state).toMatchObject({ phase: 'Failed', reason: 'StartFailed' });
  expect(state.message).toContain('the skill pdf was not put');
});

it.each([
  [{ name: '../x', hash: 'a'.repeat(64), description: 'd' }, 'agent.skills.0.name'],
  [{ name: 'x', hash: '../../x', description: 'd' }, 'agent.skills.0.hash'],
  [
    {
      name: 'x',
      hash: 'a'.repeat(64),
      description: 'd',
      checks: [{ name: 'c', when: 'before', command: [] }],
    },
    'command',
  ],
  [
    {
      name: 'x',
      hash: 'a'.repeat(64),
      description: 'd',
      checks: [{ name: 'c', when: 'now', command: ['a'] }],
    },
    'when',
  ],
])('a request with the skill %j is refused', async (skill, says) => {
  const response = await start({ ...REQUEST, agent: { name: 'a', skills: [skill] } as never });
  expect(response.status).toBe(400);
  expect(await response.text()).toContain(says);
});
