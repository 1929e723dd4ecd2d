import { expect, it } from 'vitest';
import { loadPodTemplate, readPodTemplate } from './pod-template.ts';

it('takes the fields that are the administrator’s', () => {
  const text = `
metadata: { labels: { team: a } }
spec: { nodeSelector: { pool: agents }, priorityClassName: low }
requests: { cpu: 100m }
`;
  expect(readPodTemplate(text, 'file')).toEqual({
    metadata: { labels: { team: 'a' } },
    spec: { nodeSelector: { pool: 'agents' }, priorityClassName: 'low' },
    requests: { cpu: '100m' },
  });
  expect(readPodTemplate('', 'an empty file')).toEqual({});
});

it.each([
  [
    'spec: { containers: [] }',
    'spec.containers cannot be set; spec.affinity,',
    'the hardening is not theirs',
  ],
  ['spec: { hostNetwork: true }', 'spec.hostNetwork cannot be set', 'the hardening is not theirs'],
  [
    'spec: { serviceAccountName: admin }',
    'spec.serviceAccountName cannot be set',
    'a sandbox has no account',
  ],
  ['kind: Pod', 'kind cannot be set; metadata, requests, spec can', 'no whole Pod'],
  [
    'metadata: { labels: { a: 1 } }',
    'metadata.labels must have texts as values',
    'the cluster would refuse it',
  ],
  ['- a', 'it must be a mapping', 'a list'],
  ['spec: text', 'spec must be a mapping', 'a text'],
  ['requests: { gpu: 1 }', 'requests.gpu cannot be set', 'an unknown resource'],
  ['{', 'file: ', 'no YAML'],
])('refuses %s', (text, message, reason) => {
  expect(() => readPodTemplate(text, 'file'), reason).toThrow(message);
});

it('names the file that is not there', async () => {
  await expect(loadPodTemplate('/no/such/file')).rejects.toThrow(
    '--kubernetes-pod-template /no/such/file cannot be read (ENOENT)',
  );
});
