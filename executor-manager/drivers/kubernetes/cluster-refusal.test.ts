import { expect, it } from 'vitest';
import { StatusError } from '#api/machinery/status-error';
import type { StatusReason } from '#api/machinery/status-error';
import { explainRefusal } from './cluster-refusal.ts';

it.each<[StatusReason, string, object, string, RegExp]>([
  [
    'NotFound',
    'namespaces "sandboxes" not found',
    { details: { kind: 'namespaces', name: 'sandboxes' } },
    'NotFound',
    /kubectl create namespace sandboxes/,
  ],
  ['Unauthorized', 'Unauthorized', {}, 'ServiceUnavailable', /credential of the executor manager/],
  [
    'Forbidden',
    'pods "rt-1" is forbidden: exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1',
    {},
    'InternalError',
    /the quota of the namespace sandboxes leaves no room: .*exceeded quota: few/,
  ],
  [
    'Forbidden',
    'pods "rt-1" is forbidden: violates PodSecurity "restricted:latest": seccompProfile',
    {},
    'Forbidden',
    /Pod Security Standard of the namespace sandboxes refuses/,
  ],
  [
    'Forbidden',
    'pods is forbidden: User "a" cannot create resource "pods" in API group "" in the namespace "sandboxes"',
    {},
    'Forbidden',
    /lacks a right in the cluster: .*docs\/kubernetes\.md/,
  ],
  ['Forbidden', 'RuntimeClass "gvisor" not found', {}, 'Forbidden', /refuses the sandbox: RuntimeClass/],
  ['ServiceUnavailable', 'away', {}, 'ServiceUnavailable', /^away$/],
])('%s: %s', (reason, message, options, becomes, text) => {
  const found = explainRefusal(new StatusError(reason, message, options), 'sandboxes');
  expect(found).toMatchObject({ reason: becomes, message: expect.stringMatching(text) });
});
