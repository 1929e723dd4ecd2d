import { expect, it } from 'vitest';
import { httpService } from './made-up-servers.ts';
import { openFetch, openServerFetch } from './server-fetch.ts';

it.each([
  { reason: 'by its proxy', variable: 'HTTP_PROXY', noProxy: '', answers: 'proxy' },
  { reason: 'by its proxy, in small letters', variable: 'http_proxy', noProxy: '', answers: 'proxy' },
  { reason: 'itself where it may', variable: 'HTTP_PROXY', noProxy: '127.0.0.1', answers: 'server' },
])('A sandbox asks a server $reason', async ({ variable, noProxy, answers }) => {
  const asked: (string | undefined)[] = [];
  await using proxy = await httpService((request, response) => {
    asked.push(request.url);
    response.end('proxy');
  });
  await using server = await httpService((_, response) => void response.end('server'));
  const calls = openFetch({ [variable]: new URL(proxy.url).origin, NO_PROXY: noProxy });
  expect(await (await calls.fetch(server.url)).text()).toBe(answers);
  await calls.close();
  expect(asked).toEqual(answers === 'proxy' ? [server.url] : []);
});

it.each([
  { reason: 'is called where it is allowed', allow: ['host.docker.internal'], want: 'here' },
  { reason: 'is judged by its addresses', allow: [], want: 'RefusedAddressError' },
])("The executor's machine by its name $reason", async ({ allow, want }) => {
  await using server = await httpService((_, response) => void response.end('here'));
  const calls = await openServerFetch({ addresses: { allow, controlPlane: [] }, environment: {} });
  const answer = calls.fetch(server.url.replace('127.0.0.1', 'host.docker.internal')).then(
    (response) => response.text(),
    (error: unknown) => (error instanceof Error ? error.name : String(error)),
  );
  expect(await answer).toBe(want);
  await calls.close();
});
