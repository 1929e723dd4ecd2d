import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { silentLogger } from '../../machinery/logger.ts';
import { failureResponse } from '../answer/failure.ts';
import type { ServerTypes } from '../server-environment.ts';
import { mountEncryption } from './encryption-routes.ts';

it.each([
  ['', 200, { newRoot: false }],
  ['?root=false', 200, { newRoot: false }],
  ['?root=true', 200, { newRoot: true }],
  ['?root=yes', 400, undefined],
  ['?root=', 400, undefined],
])('POST /admin/encryption/rotate%s is answered with %s', async (query, status, asked) => {
  let rotated: { newRoot: boolean } | undefined;
  const app = new Hono<ServerTypes>();
  app.onError((error, c) => failureResponse(error, c, { logger: silentLogger }));
  mountEncryption(app, {
    status: () => Promise.reject(new Error('not asked for here')),
    async rotate(options) {
      rotated = options;
      return { dataKey: 'd', rootKey: 'r' };
    },
  });
  const request = new Request(`http://x/admin/encryption/rotate${query}`, { method: 'POST' });
  const answer = await app.fetch(request, { incoming: { httpVersionMajor: 1 } });
  expect(answer.status).toBe(status);
  expect(rotated).toEqual(asked);
});
