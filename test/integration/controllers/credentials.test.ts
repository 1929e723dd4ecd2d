import { expect, it } from 'vitest';
import { SANDBOXES } from '#api/types/resources';
import { databaseBytes } from '../../kit/database-bytes.ts';
import { play, sandboxNameOf } from './play.ts';
import { startWorld } from './world.ts';

it('no credential of a Team is in the database after a Task of it has run', async () => {
  await using world = await startWorld();
  await world.startControllers();
  const p = play(world.client, 'default');
  await p.executor('e1', 5);
  const server = {
    command: 'mcp',
    env: { TOKEN: 'CREDENTIAL-1' },
    headers: { authorization: 'CREDENTIAL-2' },
  };
  await p.create.ghost('ghost', { systemPrompt: 'Seen by all.', mcpServers: { m: server } });
  await p.create.shell('shell');
  // Its key is the word looked for below.
  await p.create.model('model');
  await p.create.bot('bot');
  await p.create.team('team', [{ botRef: { name: 'bot' } }]);
  const task = await p.create.task('t');
  const name = sandboxNameOf(task, 0, 1);
  await p.bound(name);
  await p.succeeds(name, 'done');
  await p.task('t', 'COMPLETED');
  expect(JSON.stringify(await p.there(SANDBOXES, name)), 'the step has what the Ghost says').toContain(
    'Seen',
  );
  const bytes = await databaseBytes(world.dataDir);
  expect(bytes, 'a snapshot is no secret').toContain('Seen by all.');
  for (const credential of ['CREDENTIAL', '"api_key":"hush"']) expect(bytes).not.toContain(credential);
});
