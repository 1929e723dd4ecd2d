import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readProbeRequest } from '../server/probe-request.ts';
import { probe } from './probe.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'probe-'));
  await writeFile(path.join(folder, 'tool'), '', { mode: 0o755 });
  await writeFile(path.join(folder, 'text'), '', { mode: 0o644 });
});
afterAll(() => rm(folder, { recursive: true }));

const check = (image: object, workspace = folder) =>
  probe({ image, timeoutSeconds: 10 }, { environment: { PATH: `/nowhere:${folder}` }, workspace });

describe('a check of an image', () => {
  it.each<[object, boolean, RegExp]>([
    [{}, true, /agents can work/],
    [{ shellType: 'Chat' }, true, /agents can work/],
    [{ shellType: 'Nonsense' }, false, /^shellType "Nonsense" is not known\.$/],
    [{ program: 'tool' }, true, /agents can work/],
    [{ program: 'text' }, false, /^There is no program text in PATH/],
    [{ program: '/nowhere/tool' }, false, /^There is no program \/nowhere\/tool\.$/],
  ])('%j is %s', async (image, ok, message) => {
    expect(await check(image)).toMatchObject({ ok, message: expect.stringMatching(message) });
  });

  it('finds a program by its path', async () => {
    expect((await check({ program: path.join(folder, 'tool') })).ok).toBe(true);
  });

  it('says that the workspace cannot be used', async () => {
    expect(await check({}, '/nowhere')).toMatchObject({
      ok: false,
      message: expect.stringMatching(/^The folder \/nowhere cannot be used/),
    });
  });

  it('never rejects', async () => {
    const place = { environment: {}, workspace: folder };
    expect(await probe({ timeoutSeconds: 1 }, place)).toMatchObject({ ok: false });
  });
});

describe('readProbeRequest', () => {
  it.each<[unknown, string]>([
    [null, 'the body must be an object'],
    [{ image: {} }, 'timeoutSeconds must be a number above 0'],
    [{ timeoutSeconds: 1 }, 'exactly one of image, mcpServer and skill is needed'],
    [{ timeoutSeconds: 1, image: {}, mcpServer: {} }, 'exactly one of image, mcpServer and skill is needed'],
    [{ timeoutSeconds: 1, image: { program: 7 } }, 'image.program must be a text'],
    [{ timeoutSeconds: 1, mcpServer: [] }, 'mcpServer must be an object'],
    [{ timeoutSeconds: 1, skill: {} }, 'skill.repository must be an object'],
    [{ timeoutSeconds: 1, skill: { repository: {} } }, 'skill.repository.gitUrl must be a text'],
    [{ timeoutSeconds: 1, skill: { repository: { gitUrl: 'x' }, path: 1 } }, 'skill.path must be a text'],
  ])('refuses %j', (value, message) => {
    expect(() => readProbeRequest(value)).toThrow(message);
  });
});
