import { expect, it } from 'vitest';
import { networkPolicy } from './network-policy.ts';
import type { NetworkRules } from './network-policy.ts';

const rules: NetworkRules = {
  ...{ namespace: 'sandboxes', executorName: 'one', owner: 'of-us', managerNamespace: 'troupe' },
  ...{ ingressFrom: [], egress: [] },
};

it('is about the Pod of the runtime alone', () => {
  expect(networkPolicy('rt-1', rules).spec.podSelector).toEqual({
    matchLabels: { 'agent.wecode.io/owner': 'of-us', 'agent.wecode.io/runtime': 'rt-1' },
  });
});

it('lets nobody in, and DNS out, where nothing else is said', () => {
  const { spec } = networkPolicy('rt-1', rules);
  expect(spec.policyTypes).toEqual(['Ingress', 'Egress']);
  expect(spec.ingress, 'a rule without from would mean everybody').toEqual([]);
  expect(spec.egress).toHaveLength(1);
  expect(spec.egress?.[0]?.ports).toEqual([
    { protocol: 'UDP', port: 53 },
    { protocol: 'TCP', port: 53 },
  ]);
});

it('lets the manager’s Pods in, in the manager’s namespace, on the port of the runner', () => {
  const ingressFrom = [{ label: 'app', value: 'manager' }, { cidr: '192.0.2.7/32' }];
  expect(networkPolicy('rt-1', { ...rules, ingressFrom }).spec.ingress).toEqual([
    {
      from: [
        {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'troupe' } },
          podSelector: { matchLabels: { app: 'manager' } },
        },
        { ipBlock: { cidr: '192.0.2.7/32' } },
      ],
      ports: [{ protocol: 'TCP', port: 8080 }],
    },
  ]);
});

it('leads to the internet, and to nothing beside it', () => {
  const { spec } = networkPolicy('rt-1', { ...rules, egress: ['public', { cidr: '10.1.2.0/24' }] });
  const blocks = spec.egress?.slice(1).flatMap(({ to = [] }) => to.map(({ ipBlock }) => ipBlock));
  expect(blocks).toMatchObject([
    {
      cidr: '0.0.0.0/0',
      except: expect.arrayContaining(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16']),
    },
    { cidr: '::/0', except: expect.arrayContaining(['fc00::/7', 'fe80::/10']) },
    { cidr: '10.1.2.0/24' },
  ]);
});
