import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { dockerClient } from '#dev/environment/docker/docker';
import { run } from '../kit/command.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** What the demo could leave: its folders and every container and volume of a sandbox; an engine lists in any order. */
async function remains(): Promise<{ folders: string[]; containers: string[]; volumes: string[] }> {
  const client = dockerClient(process.env['DOCKER_HOST'] ?? '');
  const containers = await client.listContainers({ all: true, filters: { label: ['io.troupe.executor'] } });
  const { Volumes } = await client.listVolumes();
  return {
    folders: (await readdir(tmpdir())).filter((name) => name.startsWith('troupe-demo-')).sort(),
    containers: containers.map(({ Id }) => Id).sort(),
    volumes: (Volumes ?? [])
      .map(({ Name }) => Name)
      .filter((name) => name.startsWith('troupe-rt-'))
      .sort(),
  };
}

test('make demo: a Task of the quickstart, from the manifests to the diff, and nothing left', async () => {
  const before = await remains();
  // The script is the model, whoever runs the tests.
  const result = await run('node', ['dev/demo.ts'], { cwd: ROOT, env: { ANTHROPIC_API_KEY: '' } });
  expect(result.code, result.stdout + result.stderr).toBe(0);
  const shown = result.stdout;
  expect(shown, 'every kind is applied').toMatch(/task\.agent\.wecode\.io\/fix-readme created/);
  expect(shown, 'the agent speaks').toContain("I'll look at the README first.");
  expect(shown, 'the Task is done').toMatch(/fix-readme\s+COMPLETED\s+100\s+quickstart/);
  expect(shown, 'the diff').toMatch(/^-.*mistakke/m);
  expect(shown, 'the diff').toMatch(/^\+.*has a mistake in it/m);
  expect(await remains()).toEqual(before);
});
