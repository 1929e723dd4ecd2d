import { expect, it } from 'vitest';
import type { StepAction } from '../tasks/step-action.ts';
import { credentialsInAction } from './action-credentials.ts';

const call = (url: string, ...headers: { name: string; value: string }[]): StepAction => ({
  http: { url, headers },
});

it.each<{ why: string; action: StepAction; fields: string[] }>([
  {
    why: 'a variable that is named like one',
    action: { script: { run: 'x', env: { DEPLOY_TOKEN: 'abcdef', MODE: 'fast', KEY: '/etc/key' } } },
    fields: ['script.env.DEPLOY_TOKEN'],
  },
  {
    why: 'a variable that looks like one',
    action: { script: { run: 'x', env: { MODE: 'sk-abcdefghijkl' } } },
    fields: ['script.env.MODE'],
  },
  {
    why: 'a placeholder',
    action: { script: { run: 'x', env: { SESSION_TOKEN: '{{steps.a.output.token}}' } } },
    fields: [],
  },
  {
    why: 'headers that look like one, or are named like one',
    action: call('https://a/', { name: 'X', value: 'Bearer abc' }, { name: 'X-Auth-Token', value: 'abc' }),
    fields: ['http.headers[0].value', 'http.headers[1].value'],
  },
  { why: 'a key in the query', action: call('https://a/?b=c&api_key=abcdefgh'), fields: ['http.url'] },
  {
    why: 'a script that has none to show',
    action: { script: { run: 'curl -H "Authorization: Bearer $TOKEN" https://a/' } },
    fields: [],
  },
  {
    why: 'an action as it should be',
    action: {
      http: {
        url: 'https://a/b?country_code=de&keyword=x&token={{parameters.page}}',
        headers: [
          { name: 'Idempotency-Key', value: 'release-1' },
          { name: 'Authorization', valueFrom: { prefix: 'Bearer ', secretKeyRef: { name: 's', key: 'k' } } },
        ],
        body: '{"text": "the bearer of the token"}',
      },
    },
    fields: [],
  },
])('$why', ({ action, fields }) => {
  expect(credentialsInAction(action)).toEqual(fields);
});
