import { expect, it } from 'vitest';
import { SANDBOXES } from '#api/types/resources';
import { SECRET_KEY } from '../../kit/manifests.ts';
import {
  eventLog,
  isOver,
  managerConfig,
  runSandbox,
  stage,
  startManager,
  untilGone,
  untilSandbox,
} from './stage.ts';

/** A pattern that does not find itself: the command is in the arguments of a process, and in the agent's own files. */
const PATTERN = SECRET_KEY.replace(/^(..)(.)/, '$1[$2]');

/** An agent that looks for its key wherever it may look: environment and arguments of the processes above it, and files. */
const LOOK = [
  'pid=$$',
  'while [ "$pid" -gt 0 ]; do',
  `cat /proc/$pid/environ /proc/$pid/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -q '${PATTERN}' && echo "in $pid"`,
  "pid=$(grep ^PPid /proc/$pid/status | tr -dc '0-9')",
  'done',
  `grep -rl '${PATTERN}' "$HOME" "$PWD" /run/troupe 2>/dev/null`,
  'echo looked with "$ANTHROPIC_API_KEY" at "$ANTHROPIC_BASE_URL"',
].join('\n');

const SCRIPT = `
- when: { contains: look for the key }
  steps:
    - toolCall: { name: Bash, input: { command: ${JSON.stringify(LOOK)}, description: Look } }
    - reply: 'It said: {{toolResult}}'
`;

it.each(['docker', 'process'] as const)('no key is in a sandbox of the driver %s', async (driver) => {
  await using on = await stage({ script: SCRIPT });
  await using _ = await startManager(on, await managerConfig(on, { driver }));
  const model = { ref: { name: 'model' }, protocol: 'anthropic' as const, name: 'm' };
  const spec = { shell: { type: 'ClaudeCode' as const }, model };
  await runSandbox(on, { name: 'look', prompt: 'look for the key', spec });
  const { status } = await untilSandbox(on, 'look-s0-a1', isOver);
  const log = JSON.stringify(await eventLog(on, 'look'));
  expect(status?.result?.value, log).toMatch(
    /^It said: looked with (\[redacted\])? at http:\/\/127\.0\.0\.1:\d+$/,
  );
  expect(log).not.toContain(SECRET_KEY);
  // Nothing may be left to whoever looks at the engine next.
  await on.connection.client.delete(SANDBOXES, { namespace: 'default', name: 'look-s0-a1' });
  await untilGone(on, 'look-s0-a1');
});
