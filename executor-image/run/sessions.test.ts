import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '#dev/environment/temporary-folder';
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
  await using folder = await temporaryFolder('sessions');
  const workspace = path.join(folder.path, 'workspace');
  const kept = path.join(workspace, SESSIONS_FOLDER, '.agent/sessions');
  await keepSessions({ home: await homeWith(folder.path, 'first'), workspace, files });
  if (killed === 'never')
    await keepSessions({ home: await homeWith(folder.path, 'second'), workspace, files });
  else if (killed === 'between the two') await rename(kept, `${kept}${moves[0]?.[1] ?? ''}`);
  else await mkdir(`${kept}.next`);
  const home = path.join(folder.path, 'home');
  await restoreSessions({ home, workspace, files });
  expect(await readFile(path.join(home, '.agent/sessions/one'), 'utf8')).toBe(finds);
});
