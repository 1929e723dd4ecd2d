import { expect, it } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import { StatusError } from '#api/machinery/status-error';
import type { Unstructured } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import type { ServedMember } from '../apply/apply-members.ts';
import { waitForReady } from './wait-for-ready.ts';
import type { WaitOptions } from './wait-for-ready.ts';

const GHOSTS: ResourceType<Unstructured> = {
  group: 'agent.wecode.io',
  version: 'v1',
  kind: 'Ghost',
  plural: 'ghosts',
  namespaced: true,
};

it('does not wait for objects that the account may not watch', async () => {
  const forbidden = new StatusError('Forbidden', 'ghosts.agent.wecode.io is forbidden');
  let asked = 0;
  const client = {
    list: () => ((asked += 1), Promise.reject(forbidden)),
  } as unknown as WaitOptions['client'];
  const place = { namespace: 'team', name: 'one' };
  const object = { apiVersion: 'agent.wecode.io/v1', kind: 'Ghost', metadata: place };
  const member: ServedMember = { ...GHOSTS, ...place, resource: GHOSTS, object, source: 'a.yaml' };
  const signal = new AbortController().signal;
  const options = { client, clock: systemClock, signal, timeoutMs: 600_000, set: 'applyset-x-v1' };
  await expect(waitForReady([member], options)).rejects.toBe(forbidden);
  expect(asked).toBe(1);
});
