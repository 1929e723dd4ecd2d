import { isIP } from 'node:net';
import { badRequest } from '#api/machinery/status-error';
import { labelValueProblems, qualifiedNameProblems } from '#api/machinery/object-name';

/** As the flags have them. */
export interface KubernetesFlags {
  namespace?: string;
  kubeconfig?: string;
  context?: string;
  podTemplate?: string;
  runtimeClass?: string;
  workspace?: string;
  storageClass?: string;
  reach?: string;
  ingressFrom?: readonly string[];
  egress?: readonly string[];
  startTimeoutSeconds?: number;
}

/** How the driver makes Pods, and in which cluster. */
export interface KubernetesSettings {
  /** Absent: the service account of the Pod that the manager runs in. */
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Absent: the one of the kubeconfig's context, or of the manager's Pod. */
  readonly namespace?: string;
  /** File with a Pod template, of which the fields of PodTemplate count. */
  readonly podTemplate?: string;
  readonly runtimeClass?: string;
  readonly workspace: WorkspaceStorage;
  /** How the manager reaches runners. */
  readonly reach: Reach;
  /** Who may call runners by their Pods' addresses. */
  readonly ingressFrom: readonly Peer[];
  /** The networks that sandboxes may call beside the cluster's DNS. */
  readonly egress: readonly Egress[];
  /** How long a Pod may take until its runner is started: for a node, its volume and its image. */
  readonly startTimeoutSeconds: number;
}

/** `claim`: a PersistentVolumeClaim, which outlives its Pod. `ephemeral`: a folder of the node, gone with the Pod. */
export type WorkspaceStorage = { kind: 'claim'; storageClass?: string } | { kind: 'ephemeral' };

export type Reach = 'pod-ip' | 'port-forward';

/** Pods of the manager's namespace that have a label, or a network. */
export type Peer = { label: string; value: string } | { cidr: string };

/** `public`: all but private, local and metadata addresses. `any`: all. Or a network. */
export type Egress = 'any' | 'public' | { cidr: string };

const START_TIMEOUT_SECONDS = 600;
/** The label that the chart gives to executor managers. */
const MANAGER: Peer = { label: 'app.kubernetes.io/component', value: 'executor-manager' };

/** @throws StatusError BadRequest that names the flag */
export function readKubernetesSettings(flags: KubernetesFlags = {}): KubernetesSettings {
  const { kubeconfig, context, namespace, podTemplate, runtimeClass } = flags;
  if (namespace !== undefined && !/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace))
    throw badRequest(`--kubernetes-namespace must be the name of a namespace, not "${namespace}"`);
  if (context !== undefined && kubeconfig === undefined)
    throw badRequest('--kubernetes-context needs --kubernetes-kubeconfig');
  const inside = kubeconfig === undefined;
  const reach = oneOf('--kubernetes-reach', flags.reach ?? (inside ? 'pod-ip' : 'port-forward'), REACHES);
  const given = (flags.ingressFrom ?? []).map(readPeer);
  if (given.length === 0 && reach === 'pod-ip' && !inside) {
    throw badRequest(
      '--kubernetes-reach pod-ip with a kubeconfig needs --kubernetes-ingress-from, the network that this executor manager calls from, such as 192.0.2.7/32',
    );
  }
  return Object.freeze({
    ...present({ kubeconfig, context, namespace, podTemplate, runtimeClass }),
    workspace: readWorkspace(flags),
    reach,
    ingressFrom: given.length === 0 && reach === 'pod-ip' ? [MANAGER] : given,
    egress: (flags.egress ?? ['public']).map(readEgress).filter((egress) => egress !== undefined),
    startTimeoutSeconds: flags.startTimeoutSeconds ?? START_TIMEOUT_SECONDS,
  });
}

const REACHES = ['pod-ip', 'port-forward'] as const;
const WORKSPACES = ['claim', 'ephemeral'] as const;

function readWorkspace({ workspace, storageClass }: KubernetesFlags): WorkspaceStorage {
  const kind = oneOf('--kubernetes-workspace', workspace ?? 'claim', WORKSPACES);
  if (kind === 'claim') return { kind, ...present({ storageClass }) };
  if (storageClass === undefined) return { kind };
  throw badRequest('--kubernetes-storage-class is for --kubernetes-workspace claim');
}

function oneOf<T extends string>(flag: string, given: string, known: readonly T[]): T {
  const found = known.find((one) => one === given);
  if (found !== undefined) return found;
  throw badRequest(`${flag} must be ${known.join(' or ')}, not "${given}"`);
}

function readPeer(text: string): Peer {
  if (isNetwork(text)) return { cidr: text };
  const at = text.indexOf('=');
  const [label, value] = [text.slice(0, at), text.slice(at + 1)];
  if (at > 0 && qualifiedNameProblems(label).length + labelValueProblems(value).length === 0)
    return { label, value };
  throw badRequest(
    `--kubernetes-ingress-from must be a network such as 192.0.2.0/24 or a label of the executor manager's Pods, KEY=VALUE, not "${text}"`,
  );
}

function readEgress(text: string): Egress | undefined {
  if (text === 'any' || text === 'public') return text;
  if (text === 'none') return undefined;
  if (isNetwork(text)) return { cidr: text };
  throw badRequest(
    `--kubernetes-egress must be public, any, none or a network such as 192.0.2.0/24, not "${text}"`,
  );
}

function isNetwork(text: string): boolean {
  const [, address = '', bits = ''] = /^([0-9a-f.:]+)\/(\d{1,3})$/i.exec(text) ?? [];
  const version = isIP(address);
  return version !== 0 && Number(bits) <= (version === 4 ? 32 : 128);
}

function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const set = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
