import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { inheritedEnvironment } from '../config.ts';
import { hasKeptFiles, makeHome } from './agent-room.ts';
import { packWorkspace, unpackWorkspace } from './archive/archive.ts';

let workspace: string;
let elsewhere: string;
beforeEach(() => {
  workspace = mkdtempSync(path.join(tmpdir(), 'troupe-room-'));
  elsewhere = mkdtempSync(path.join(tmpdir(), 'troupe-elsewhere-'));
  writeFileSync(path.join(elsewhere, 'kept'), '');
});
afterEach(() => {
  for (const folder of [workspace, elsewhere]) rmSync(folder, { recursive: true, force: true });
});
const inside = (...parts: string[]): string => path.join(workspace, '.troupe', ...parts);

it.each([
  { reason: 'nothing', make: () => undefined },
  {
    reason: 'the HOME of a run before, with folders that nobody may write to',
    make() {
      mkdirSync(inside('home', 'cache'), { recursive: true });
      writeFileSync(inside('home', 'cache', 'x'), '');
      mkdirSync(inside('home', 'closed'), { mode: 0o555 });
    },
  },
  { reason: 'a file', make: () => writeFileSync(inside(), '') },
  { reason: 'a link to elsewhere', make: () => symlinkSync(elsewhere, inside()) },
  {
    reason: 'a HOME that is a link to elsewhere',
    make() {
      mkdirSync(inside());
      symlinkSync(elsewhere, inside('home'));
    },
  },
])('a HOME is empty and the run’s own where there is $reason', async ({ make }) => {
  make();
  const home = await makeHome(workspace);
  expect(readdirSync(home)).toEqual([]);
  expect(readFileSync(inside('.gitignore'), 'utf8')).toBe('*\n');
  expect(readdirSync(elsewhere)).toEqual(['kept']);
});

it('a HOME alone is nothing to keep, a session is', async () => {
  writeFileSync(path.join(await makeHome(workspace), 'cache'), '');
  expect(await hasKeptFiles(workspace)).toBe(false);
  mkdirSync(inside('sessions'));
  expect(await hasKeptFiles(workspace)).toBe(true);
});

it('an archive leaves the HOME behind, and is none when there is nothing else', async () => {
  const environment = inheritedEnvironment();
  writeFileSync(path.join(await makeHome(workspace), 'cache'), 'large');
  expect(await packWorkspace({ workspace, environment })).toBeUndefined();
  mkdirSync(inside('sessions'));
  mkdirSync(path.join(workspace, 'repo/.troupe/home'), { recursive: true });
  const archive = await packWorkspace({ workspace, environment });
  if (archive === undefined) throw new Error('nothing to pack');
  await unpackWorkspace({ workspace: elsewhere, environment, archive, limitBytes: 1024 * 1024 });
  expect(readdirSync(path.join(elsewhere, '.troupe'))).toEqual(['.gitignore', 'sessions']);
  expect(readdirSync(path.join(elsewhere, 'repo/.troupe')), 'the work has any names').toEqual(['home']);
});
