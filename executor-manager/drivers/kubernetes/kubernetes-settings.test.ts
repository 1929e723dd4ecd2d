import { describe, expect, it } from 'vitest';
import { readKubernetesSettings } from './kubernetes-settings.ts';
import type { KubernetesFlags } from './kubernetes-settings.ts';

describe('the settings of the driver', () => {
  it('reach runners by their addresses from within the cluster', () => {
    expect(readKubernetesSettings()).toEqual({
      workspace: { kind: 'claim' },
      reach: 'pod-ip',
      ingressFrom: [{ label: 'app.kubernetes.io/component', value: 'executor-manager' }],
      egress: ['public'],
      startTimeoutSeconds: 600,
    });
  });

  it('reach runners through the API from outside, and let nobody call them', () => {
    expect(readKubernetesSettings({ kubeconfig: '/file' })).toMatchObject({
      reach: 'port-forward',
      ingressFrom: [],
    });
  });

  it.each<[KubernetesFlags, object, string]>([
    [{ egress: ['none'] }, { egress: [] }, 'DNS only'],
    [
      { egress: ['public', '10.1.0.0/16'] },
      { egress: ['public', { cidr: '10.1.0.0/16' }] },
      'the internet and the own git server',
    ],
    [{ ingressFrom: ['fd00::/8'] }, { ingressFrom: [{ cidr: 'fd00::/8' }] }, 'IPv6'],
    [{ workspace: 'ephemeral' }, { workspace: { kind: 'ephemeral' } }, 'no volumes'],
    [{ storageClass: 'fast' }, { workspace: { kind: 'claim', storageClass: 'fast' } }, 'a class'],
  ])('%j', (flags, expected, reason) => {
    expect(readKubernetesSettings(flags), reason).toMatchObject(expected);
  });

  it.each<[KubernetesFlags, string, string]>([
    [{ namespace: 'Big' }, '--kubernetes-namespace must be the name of a namespace, not "Big"', 'no name'],
    [{ context: 'a' }, '--kubernetes-context needs --kubernetes-kubeconfig', 'of which file'],
    [
      { kubeconfig: '/file', reach: 'pod-ip' },
      '--kubernetes-reach pod-ip with a kubeconfig needs --kubernetes-ingress-from',
      'the policy would let nobody in',
    ],
    [{ reach: 'vpn' }, '--kubernetes-reach must be pod-ip or port-forward, not "vpn"', 'unknown'],
    [{ egress: ['10.0.0.0'] }, '--kubernetes-egress must be public, any, none or a network', 'no network'],
    [{ egress: ['10.0.0.0/33'] }, '--kubernetes-egress must be', 'too many bits'],
    [{ ingressFrom: ['a'] }, '--kubernetes-ingress-from must be a network', 'neither'],
    [
      { workspace: 'ephemeral', storageClass: 'a' },
      '--kubernetes-storage-class is for --kubernetes-workspace claim',
      'no claim, no class',
    ],
  ])('refuse %j', (flags, message, reason) => {
    expect(() => readKubernetesSettings(flags), reason).toThrow(message);
  });
});
