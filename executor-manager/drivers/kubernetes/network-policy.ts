import type { V1NetworkPolicyEgressRule, V1NetworkPolicyPeer } from '@kubernetes/client-node';
import { RUNNER_CONTAINER_PORT } from '../../protocol/runner-environment.ts';
import type { NetworkPolicy } from './cluster-objects.ts';
import type { Egress, Peer } from './kubernetes-settings.ts';
import { LABEL, runtimeMeta } from './labels.ts';
import type { Owner } from './labels.ts';

export interface NetworkRules extends Owner {
  ingressFrom: readonly Peer[];
  egress: readonly Egress[];
  /** Of the manager's Pods, for the labels in `ingressFrom`. */
  managerNamespace: string;
}

/** RFC 1918, 6598, 3927 (metadata services are there), 1122, 2544, 5771 and 1112. */
const NOT_PUBLIC_4 = [
  ...['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '169.254.0.0/16'],
  ...['0.0.0.0/8', '127.0.0.0/8', '192.0.0.0/24', '198.18.0.0/15', '224.0.0.0/4', '240.0.0.0/4'],
];
/**
 * RFC 4193, 4291, and the forms that lead to addresses of IPv4 (RFC 6052, 8215, 3056). What is sent to an IPv4-mapped address
 * leaves a node as IPv4.
 */
const NOT_PUBLIC_6 = [
  ...['fc00::/7', 'fe80::/10', 'ff00::/8', '::/128', '::1/128'],
  ...['64:ff9b::/96', '64:ff9b:1::/48', '2002::/16'],
];
/** Of NodeLocal DNSCache, where a cluster has it. */
const NODE_LOCAL_DNS = '169.254.20.10/32';
const DNS_PORT = 53;

/**
 * Nobody but the manager reaches the sandbox, and it reaches DNS and the networks that it may call, of which neither the
 * control plane nor another sandbox is one. A manager that forwards ports comes from within the Pod, which no policy is about.
 */
export function networkPolicy(id: string, rules: NetworkRules): NetworkPolicy {
  const from = rules.ingressFrom.map((peer) => ingressPeer(peer, rules.managerNamespace));
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: runtimeMeta(id, rules),
    spec: {
      podSelector: { matchLabels: { [LABEL.owner]: rules.owner, [LABEL.runtime]: id } },
      policyTypes: ['Ingress', 'Egress'],
      // An empty `from` would mean everybody.
      ingress: from.length === 0 ? [] : [{ _from: from, ports: [tcp(RUNNER_CONTAINER_PORT)] }].map(wireForm),
      egress: [dns(), ...rules.egress.map((egress) => ({ to: egressPeers(egress) }))],
    },
  };
}

/** The types of client-node have `_from` for a word of JavaScript; its serializer is not ours. */
function wireForm({ _from: from, ...rest }: { _from: V1NetworkPolicyPeer[]; ports: object[] }) {
  return { from, ...rest };
}

function ingressPeer(peer: Peer, namespace: string): V1NetworkPolicyPeer {
  if ('cidr' in peer) return { ipBlock: { cidr: peer.cidr } };
  return {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    podSelector: { matchLabels: { [peer.label]: peer.value } },
  };
}

function egressPeers(egress: Egress): V1NetworkPolicyPeer[] {
  if (egress === 'any') return [{ ipBlock: { cidr: '0.0.0.0/0' } }, { ipBlock: { cidr: '::/0' } }];
  if (egress !== 'public') return [{ ipBlock: { cidr: egress.cidr } }];
  return [
    { ipBlock: { cidr: '0.0.0.0/0', except: NOT_PUBLIC_4 } },
    { ipBlock: { cidr: '::/0', except: NOT_PUBLIC_6 } },
  ];
}

function dns(): V1NetworkPolicyEgressRule {
  return {
    to: [
      {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
        podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
      },
      { ipBlock: { cidr: NODE_LOCAL_DNS } },
    ],
    ports: [{ protocol: 'UDP', port: DNS_PORT }, tcp(DNS_PORT)],
  };
}

const tcp = (port: number) => ({ protocol: 'TCP', port });
