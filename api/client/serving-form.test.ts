import { expect, test } from 'vitest';
import { StatusError } from '../machinery/status-error.ts';
import { findServingForm } from './serving-form.ts';
import type { ApiRequest, Transport } from './transport.ts';

const OURS = '/apis/agent.wecode.io/v1';
const DEFINITION = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/tasks.agent.wecode.io';
const TROUPE = { '/apis': { groups: [{ name: 'agent.wecode.io' }] } };
const CLUSTER = { '/apis': { groups: [{ name: 'agent.wecode.io' }, { name: 'apiregistration.k8s.io' }] } };
const WITH_LOG = { [OURS]: { resources: [{ name: 'tasks' }, { name: 'tasks/log' }] } };
const WITHOUT_LOG = { [OURS]: { resources: [{ name: 'tasks' }, { name: 'tasks/status' }] } };

function server(answers: Record<string, object>): Transport {
  const send = async ({ path }: ApiRequest) => {
    const answer = answers[path];
    if (answer === undefined)
      throw new StatusError('NotFound', 'the server could not find the requested resource');
    return { status: 200, headers: {}, text: JSON.stringify(answer) };
  };
  return { server: 'https://api.example', send } as unknown as Transport;
}

test.each([
  ['a server of ours', { ...TROUPE, ...WITH_LOG }, { isCluster: false, hasTaskLog: true }],
  ['a cluster with an aggregated server', { ...CLUSTER, ...WITH_LOG }, { isCluster: true, hasTaskLog: true }],
  [
    'a cluster with crds/',
    { ...CLUSTER, ...WITHOUT_LOG, [DEFINITION]: {} },
    { isCluster: true, hasTaskLog: false },
  ],
])('%s is known by what it serves', async (_name, answers, form) => {
  expect(await findServingForm(server(answers))).toEqual(form);
});

test.each([
  ['without our kinds', CLUSTER, 'NotFound', 'apply crds/'],
  ['with both forms', { ...CLUSTER, ...WITH_LOG, [DEFINITION]: {} }, 'Conflict', 'Delete the APIService, or'],
])('a cluster %s is refused with what to do', async (_name, answers, reason, remedy) => {
  const found = findServingForm(server(answers));
  await expect(found).rejects.toMatchObject({ reason, message: expect.stringContaining(remedy) as string });
});
