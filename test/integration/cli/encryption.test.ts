import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRestartableApi } from '../../kit/restartable-api.ts';
import { ghost } from './server.ts';
import type { RestartableApi } from '../../kit/restartable-api.ts';
import { done } from './terminal.ts';

describe('troupe encryption', () => {
  let server: RestartableApi;
  const cli = (words: string, stdin?: string) => done(server.kubeconfig, words.split(' '), stdin);

  beforeEach(async () => {
    server = await startRestartableApi();
    await cli('apply -f -', ghost('a') + ghost('b'));
  });
  afterEach(() => server[Symbol.asyncDispose]());

  it('shows the keys and what is under them', async () => {
    const { code, stdout, stderr } = await cli('encryption status');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')).toEqual([
      'Encrypted:  ghosts.agent.wecode.io, internal:api-keys, internal:passwords, internal:sessions, mcpservers.agent.wecode.io, models.agent.wecode.io, secrets',
      expect.stringMatching(/^Root keys: {2}\/.*\/encryption-keys$/),
      expect.stringMatching(/^ {2}[0-9a-f]{16} {2}wraps 1 data key$/),
      'Data keys:',
      expect.stringMatching(/^ {2}k1-[0-9a-f]{12} {2}made 20\S+Z, wrapped by [0-9a-f]{16}, 2 rows$/),
      'Not encrypted yet:  0 rows',
      '',
    ]);
  });

  it('rotates, and waits until everything is under the new key', async () => {
    const { code, stdout } = await cli('encryption rotate --root --wait');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^data key k2-[0-9a-f]{12} made, wrapped by root key [0-9a-f]{16}\n2 rows encrypted with it, older keys removed\n$/,
    );
    const status = (await cli('encryption status')).stdout;
    expect(status).toMatch(/wraps 1 data key\n {2}[0-9a-f]{16} {2}not in use\nData keys:\n {2}k2-/);
    await server.restart();
    expect((await cli('get ghosts')).stdout).toMatch(/^a .*\nb /m);
    expect((await cli('encryption rotate')).stdout).toContain('see troupe encryption status');
  });
});
