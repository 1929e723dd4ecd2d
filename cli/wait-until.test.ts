import { expect, it } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import { StatusError } from '#api/machinery/status-error';
import { GHOSTS } from '#api/types/resources';
import type { Session } from './session.ts';
import { waitUntil } from './wait-until.ts';

it('does not wait for ever for an object that the user may not watch', async () => {
  const forbidden = new StatusError('Forbidden', 'ghosts.agent.wecode.io is forbidden');
  let asked = 0;
  const client = {
    list: () => ((asked += 1), Promise.reject(forbidden)),
    watch: () => Promise.reject(forbidden),
  };
  const session = { connection: { client }, context: { clock: systemClock } } as unknown as Session;
  const waiting = waitUntil(session, {
    object: { resource: GHOSTS, ref: { namespace: 'default', name: 'one' } },
    until: () => false,
    timeoutMs: -1,
  });
  await expect(waiting).rejects.toBe(forbidden);
  expect(asked).toBe(1);
});
