import { expect, it } from 'vitest';
import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { writeStatus } from './status-writer.ts';

type Thing = KubeObject & { status?: { text: string } };

const THINGS: ResourceType<Thing> = {
  ...{ group: 'example.com', version: 'v1', kind: 'Thing', plural: 'things', namespaced: true },
};
const object: Thing = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'a' } };

it('sends no status that is larger than a server reads', async () => {
  const client = { updateStatus: () => Promise.reject(new Error('sent')) };
  const status = { text: '\u001b'.repeat(600_000) };
  await expect(writeStatus(client, THINGS, { object, status })).rejects.toMatchObject({
    reason: 'RequestEntityTooLarge',
  });
});
