import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { commandsFor } from '../../kit/command.ts';
import type { Commands } from '../../kit/command.ts';
import { bot, ghost, manifests, model, object, shell, task, team } from '../../kit/manifests.ts';
import { startServer } from '../../kit/troupe-process.ts';

/** What a person sees who applies a manifest that is wrong: the field, the cause, and an API that goes on. */
const stack = new AsyncDisposableStack();
let commands: Commands;
let folder: string;

beforeAll(async () => {
  folder = stack.use(await temporaryFolder('bad')).path;
  const server = stack.use(await startServer({ dataDir: path.join(folder, 'data') }));
  commands = commandsFor(server.kubeconfig);
});
afterAll(() => stack.disposeAsync());

const ref = { name: 'x', namespace: 'default' };

describe('a manifest that is refused names the field', () => {
  it.each([
    {
      reason: 'a string where a list belongs',
      manifest: object('Team', 'bad', { collaborationModel: 'solo', members: 'all of us' }),
      says: [/spec\.members/, /must be of type array/],
    },
    {
      reason: 'a Team needs somebody in it',
      manifest: object('Team', 'bad', { collaborationModel: 'solo', members: [] }),
      says: [/spec\.members/, /should have at least 1 items/],
    },
    {
      reason: 'a mode that does not exist',
      manifest: object('Team', 'bad', { collaborationModel: 'chaos', members: [{ botRef: ref }] }),
      says: [/spec\.collaborationModel/, /Unsupported value: "chaos"/, /"pipeline"/],
    },
    {
      reason: 'a required field is absent',
      manifest: object('Bot', 'bad', { shellRef: ref }),
      says: [/spec\.ghostRef/, /Required value/],
    },
    {
      reason: 'a typing mistake in a field name',
      manifest: object('Ghost', 'bad', { systemPrompt: 'x', systemPromt: 'y' }),
      says: [/unknown field "spec\.systemPromt"/],
    },
    {
      reason: 'a kind that does not exist',
      manifest: object('Taks', 'bad', {}),
      says: [/no matches for kind "Taks" in version "agent\.wecode\.io\/v1"/],
    },
    {
      reason: 'a name that cannot be a path segment',
      manifest: object('Ghost', '..', { systemPrompt: 'x' }),
      says: [/metadata\.name/],
    },
  ])('$reason', async ({ manifest, says }) => {
    const result = await commands.kubectl(['create', '--validate=strict', '-f', '-'], {
      stdin: manifests(manifest),
    });
    expect(result.code).toBe(1);
    for (const text of says) expect(result.stderr).toMatch(text);
  });

  it('a wrong document does not keep the right ones of the same file out', async () => {
    const result = await commands.kubectl(['apply', '-f', '-'], {
      stdin: manifests(
        ghost('good-1'),
        object('Team', 'bad', { collaborationModel: 'solo', members: [] }),
        ghost('good-2'),
      ),
    });
    expect(result.code).toBe(1);
    expect(await commands.mustKubectl(['get', 'ghosts', 'good-1', 'good-2', '-o', 'name'])).toContain(
      'good-2',
    );
    expect((await commands.kubectl(['get', 'team', 'bad'])).stderr).toContain(
      'teams.agent.wecode.io "bad" not found',
    );
  });

  it('a prompt of 2 MB is refused by its limit, and nothing is stored', async () => {
    const file = path.join(folder, 'task.yaml');
    await writeFile(file, manifests(task({ name: 'huge', team: 'x', prompt: 'a'.repeat(2 * 1024 * 1024) })));
    const result = await commands.kubectl(['create', '-f', file]);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/spec\.prompt: Too long: may not be more than 1048576 (bytes|characters)/);
    expect(result.stderr.length, 'the prompt itself is not printed back').toBeLessThan(4096);
    expect((await commands.kubectl(['get', 'task', 'huge'])).code).toBe(1);
  });
});

describe('a reference to nothing', () => {
  it('is told by the Bot and the Task that wait for it, and heals when the object appears', async () => {
    const options = { name: 'late', modelURL: 'http://127.0.0.1:9' };
    await commands.apply(manifests(shell('late', 'Chat'), model(options), bot('late'), team('late')));
    await commands.mustKubectl(['wait', 'bot/late', '--for=condition=Ready=False', '--timeout=30s']);
    const waiting = await commands.mustKubectl([
      'get',
      'bot',
      'late',
      '-o',
      'jsonpath={.status.state}: {.status.message}',
    ]);
    expect(waiting).toBe('Unavailable: spec.ghostRef: Ghost "default/late" not found.');

    await commands.apply(manifests(task({ name: 'waits', team: 'late', prompt: 'Hello' })));
    await commands.mustKubectl(['wait', 'task/waits', '--for=condition=Ready=False', '--timeout=30s']);
    expect(await commands.mustKubectl(['get', 'task', 'waits', '-o', 'jsonpath={.status.status}'])).toBe(
      'PENDING',
    );
    expect(await commands.mustKubectl(['describe', 'task', 'waits'])).toMatch(/late/);

    await commands.apply(manifests(ghost('late')));
    await commands.mustKubectl(['wait', 'bot/late', '--for=condition=Ready', '--timeout=30s']);
    await commands.mustKubectl(['wait', 'task/waits', '--for=condition=Ready', '--timeout=30s']);
  });
});
