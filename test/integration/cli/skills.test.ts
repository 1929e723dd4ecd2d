import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { silentLogger } from '#api/machinery/logger';
import { SKILLS } from '#api/types/resources';
import { startControllers } from '#controllers/main';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { readZip } from '#skill-packages/read-zip';
import { startRestartableApi } from '../../kit/restartable-api.ts';
import type { RestartableApi } from '../../kit/restartable-api.ts';
import { done } from './terminal.ts';

/** `troupe skill`, with the real API and controllers. */
const stack = new AsyncDisposableStack();
let server: RestartableApi;
let folder: string;
beforeAll(async () => {
  folder = stack.use(await temporaryFolder('skills')).path;
  server = stack.use(await startRestartableApi());
  const { client } = server.connection;
  const controllers = await startControllers({ client, logger: silentLogger });
  stack.defer(() => controllers.stop());
});
afterAll(() => stack.disposeAsync());

const cli = (...words: string[]) => done(server.kubeconfig, ['skill', ...words]);

async function skillFolder(name: string): Promise<string> {
  const root = path.join(folder, name);
  await mkdir(path.join(root, 'scripts'), { recursive: true });
  await mkdir(path.join(root, '.git'));
  await writeFile(path.join(root, '.git', 'config'), 'not part of it');
  await writeFile(path.join(root, 'SKILL.md'), `---\nname: ${name}\ndescription: Does it.\n---\nDo it.\n`);
  await writeFile(path.join(root, 'scripts', 'run.sh'), 'exit 0', { mode: 0o755 });
  return root;
}

it('makes a folder a Skill, and gives it back', async () => {
  const root = await skillFolder('pdf');
  const pushed = await cli('push', root);
  expect(pushed).toMatchObject({ code: 0, stderr: '' });
  expect(pushed.stdout).toMatch(/^skill\.agent\.wecode\.io\/pdf created \(sha256:[0-9a-f]{64}\)\n$/);
  expect((await cli('push', root)).stdout).toBe(pushed.stdout.replace('created', 'pushed'));
  const { spec, status } = await server.connection.client.get(SKILLS, { namespace: 'default', name: 'pdf' });
  expect(spec).toMatchObject({ description: 'Does it.', source: { type: 'upload' } });
  expect(status).toMatchObject({ state: 'Available', files: 2 });
  const zip = path.join(folder, 'back.zip');
  expect((await cli('pull', 'pdf', '-o', zip)).code).toBe(0);
  const files = await readZip(await readFile(zip));
  expect(files.map(({ path: name, executable }) => [name, executable])).toEqual([
    ['SKILL.md', false],
    ['scripts/run.sh', true],
  ]);
  expect((await cli('push', zip)).stdout).toBe(pushed.stdout.replace('created', 'pushed'));
});

it('follows no links', async () => {
  const root = await skillFolder('linked');
  await symlink('/etc/passwd', path.join(root, 'passwd'));
  const { code, stderr } = await cli('push', root);
  expect(code).toBe(1);
  expect(stderr).toContain('"passwd" is no ordinary file; links are not followed');
});

it.each([
  ['what is not there', () => path.join(folder, 'nowhere'), 'does not exist'],
  ['a folder that is no skill', () => import.meta.dirname, 'there is no SKILL.md'],
])('says what is wrong with %s', async (_reason, root, says) => {
  const { code, stderr } = await cli('push', root());
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(says) });
});
