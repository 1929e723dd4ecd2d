import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { keepSessions, restoreSessions, SESSIONS_FOLDER } from './sessions.ts';

const files = { paths: ['.agent/sessions'] };

async function homeWith(root: string, text: string): Promise<string> {
  const home = path.join(root, text);
  await mkdir(path.join(home, '.agent/sessions'), { recursive: true });
  await writeFile(path.join(home, '.agent/sessions/one'), text);
  return home;
}

it.each([
  { killed: 'never', moves: [], finds: 'second' },
  { killed: 'before the new ones are whole', moves: [['', '.next']], finds: 'first' },
  { killed: 'between the two', moves: [['', '.before']], finds: 'first' },
])('a session is kept whenever the sandbox is killed: $killed', async ({ killed, moves, finds }) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'troupe-sessions-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const workspace = path.join(folder, 'workspace');
  const kept = path.join(workspace, SESSIONS_FOLDER, '.agent/sessions');
  await keepSessions({ home: await homeWith(folder, 'first'), workspace, files });
  if (killed === 'never') await keepSessions({ home: await homeWith(folder, 'second'), workspace, files });
  else if (killed === 'between the two') await rename(kept, `${kept}${moves[0]?.[1] ?? ''}`);
  else await mkdir(`${kept}.next`);
  const home = path.join(folder, 'home');
  await restoreSessions({ home, workspace, files });
  expect(await readFile(path.join(home, '.agent/sessions/one'), 'utf8')).toBe(finds);
});
