import type { Clock } from '#api/machinery/clock';
import type { Logger } from '#api/machinery/logger';
import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { ignoreNotFound, isStatusError, StatusError } from '#api/machinery/status-error';
import { isImageReference } from '#api/types/image-reference';
import { RUNNER_CONTAINER_PORT } from '../../protocol/runner-environment.ts';
import type {
  DriverCapabilities,
  EngineState,
  ExecProcess,
  ExecSpec,
  OnProgress,
  Runtime,
  RuntimeAddress,
  RuntimeDriver,
  RuntimeExit,
  RuntimeSpec,
} from '../driver.ts';
import { ImageUnavailable } from '../image-unavailable.ts';
import type { ClusterConnection } from './cluster-connection.ts';
import { CLAIMS, NETWORK_POLICIES, PODS, PULL_SECRETS } from './cluster-objects.ts';
import type { Pod } from './cluster-objects.ts';
import { ClusterCheck } from './cluster-check.ts';
import { explainRefusal } from './cluster-refusal.ts';
import type { KubernetesSettings } from './kubernetes-settings.ts';
import { ownedBy } from './labels.ts';
import type { Owner } from './labels.ts';
import { networkPolicy } from './network-policy.ts';
import { execInPod } from './pod-exec.ts';
import { podManifest } from './pod-manifest.ts';
import type { PodSettings } from './pod-manifest.ts';
import { isLost, isOver, isRunning, podExit, podStart } from './pod-state.ts';
import { PodWatch } from './pod-watch.ts';
import type { PodTemplate } from './pod-template.ts';
import { PortForwards } from './port-forwards.ts';
import { pullSecret } from './pull-secret.ts';
import { removeClaim } from './remove-claim.ts';
import { workspaceClaim } from './workspace-claim.ts';

export interface KubernetesDriverOptions {
  cluster: ClusterConnection;
  settings: KubernetesSettings;
  template: PodTemplate;
  executorName: string;
  owner: string;
  image: string;
  logger: Logger;
  clock: Clock;
  /** Ends the watch, and what is forwarded. */
  signal: AbortSignal;
}

const HINT =
  'the NetworkPolicy of the Pod lets in what --kubernetes-ingress-from says, and this process has to be in reach of Pods';
/** Seconds: 0 would not wait for the kubelet, and the agent could still be at work. */
const STOP_SECONDS = 1;
/** A Pod of a node that is silent stays until the node is back or is deleted. */
const GONE_MS = 60_000;

/**
 * Runs each runtime as a Pod of its id, beside which it has a NetworkPolicy and, where workspaces are claims, a
 * PersistentVolumeClaim of that id (ADR 0052).
 */
export class KubernetesDriver implements RuntimeDriver {
  readonly name = 'kubernetes';
  readonly capabilities: DriverCapabilities;
  readonly #options: KubernetesDriverOptions;
  readonly #owner: Owner;
  readonly #pods: PodWatch;
  readonly #forwards: PortForwards | undefined;
  readonly #check: ClusterCheck;

  constructor(options: KubernetesDriverOptions) {
    const { cluster, settings, executorName, owner } = options;
    this.#options = options;
    this.#owner = { namespace: cluster.namespace, executorName, owner };
    this.#pods = new PodWatch({ ...options, ...this.#owner, client: cluster.client });
    this.#forwards = settings.reach === 'port-forward' ? new PortForwards(options) : undefined;
    this.#check = new ClusterCheck({ ...options, pod: (spec) => podManifest(spec, this.#podSettings()) });
    this.capabilities = {
      isolation: 'container',
      limits: ['memory', 'cpus'],
      workspaceEndsWithRuntime: settings.workspace.kind === 'ephemeral',
    };
  }

  check(): Promise<EngineState> {
    return this.#check.state();
  }

  async start(spec: RuntimeSpec, signal: AbortSignal, onProgress?: OnProgress): Promise<Runtime> {
    if (spec.image !== undefined && !isImageReference(spec.image)) {
      const text = `"${spec.image.slice(0, 512)}" is not the name of an image`;
      throw new ImageUnavailable('BadRequest', text);
    }
    const limit = this.#options.settings.startTimeoutSeconds;
    const late = new StatusError('Timeout', `the Pod was not started within ${limit} s`);
    return this.#within({ ms: limit * 1000, late }, (timed) =>
      this.#start(spec, AbortSignal.any([signal, timed]), onProgress),
    );
  }

  async list(): Promise<Runtime[]> {
    const [pods, claims, policies] = await Promise.all([
      this.#listOwn(PODS),
      this.#options.settings.workspace.kind === 'claim' ? this.#listOwn(CLAIMS) : [],
      this.#listOwn(NETWORK_POLICIES),
    ]);
    const running = await Promise.all(pods.map((pod) => this.#runtime(pod)));
    const known = new Set(running.map(({ id }) => id));
    const rest = new Set([...claims, ...policies].map(({ metadata }) => metadata.name));
    return [...running, ...[...rest].filter((id) => !known.has(id)).map((id) => ended(id))];
  }

  exited(id: string, signal: AbortSignal): Promise<RuntimeExit> {
    return this.#pods.until(id, podExit, signal);
  }

  /** One that is lost with its node counts as ended: nobody can end it, and its run must not wait for that node. */
  async stop(id: string): Promise<void> {
    try {
      await this.#end(id);
    } catch (error) {
      const left = await this.#options.cluster.client.find(PODS, this.#ref(id));
      if (left !== undefined && !isLost(left)) throw error;
    }
  }

  exec(id: string, spec: ExecSpec): Promise<ExecProcess> {
    return execInPod(this.#options.cluster, id, spec);
  }

  async remove(id: string): Promise<void> {
    const { client } = this.#options.cluster;
    await this.#end(id);
    const gone = (type: ResourceType) => ignoreNotFound(client.delete(type, this.#ref(id)));
    await gone(PULL_SECRETS);
    if (this.#options.settings.workspace.kind === 'claim') await this.#removeClaim(id);
    // The last one: what is left of a removal that was interrupted is found by it.
    await gone(NETWORK_POLICIES);
  }

  /** Resolves when the Pod is gone. */
  async #end(id: string): Promise<void> {
    this.#forwards?.close(id);
    const grace = { gracePeriodSeconds: STOP_SECONDS };
    await ignoreNotFound(this.#options.cluster.client.delete(PODS, this.#ref(id), grace));
    try {
      await this.#untilGone(id);
    } finally {
      // Once more: a list of what runs may have opened it again meanwhile.
      this.#forwards?.close(id);
    }
  }

  async #start(spec: RuntimeSpec, signal: AbortSignal, onProgress?: OnProgress): Promise<Runtime> {
    const hasSecret = await this.#makeSurroundings(spec);
    try {
      await this.#makePod({ ...spec, pullSecret: hasSecret }, signal);
      const pod = await this.#untilStarted(spec.id, signal, onProgress);
      return await this.#runtime(pod);
    } finally {
      // The image was pulled, or will not be.
      if (hasSecret) await this.#removePullSecret(spec.id);
    }
  }

  /** All that has to be there before the Pod; whether there is a Secret for its image. */
  async #makeSurroundings({ id, limits, registryCredential }: RuntimeSpec): Promise<boolean> {
    const { cluster, settings } = this.#options;
    const { managerNamespace } = cluster;
    const { workspace } = settings;
    // The first one, as it is the last one to go.
    const rules = { ...this.#owner, ...settings, managerNamespace };
    await this.#make(NETWORK_POLICIES, networkPolicy(id, rules));
    const [credential] = await Promise.all([
      registryCredential?.(),
      workspace.kind === 'claim' &&
        this.#make(
          CLAIMS,
          workspaceClaim(
            { id, bytes: limits.disk },
            { ...this.#owner, storageClass: workspace.storageClass },
          ),
        ),
    ]);
    if (credential === undefined) return false;
    await this.#make(PULL_SECRETS, pullSecret(id, credential, this.#owner));
    return true;
  }

  async #makePod(spec: Parameters<typeof podManifest>[0], signal: AbortSignal): Promise<void> {
    const manifest = podManifest(spec, this.#podSettings());
    if (await this.#make(PODS, manifest)) return;
    // An earlier call made it, whose answer may have been lost; or it has ended since.
    const found = await this.#options.cluster.client.find(PODS, this.#ref(spec.id));
    signal.throwIfAborted();
    const isUsable = found !== undefined && !isOver(found) && found.metadata.deletionTimestamp === undefined;
    if (isUsable) return;
    await this.#end(spec.id);
    await this.#makePod(spec, signal);
  }

  /** False when there is one of the name. */
  async #make<T extends KubeObject>(type: ResourceType<T>, object: T): Promise<boolean> {
    const { client, namespace } = this.#options.cluster;
    try {
      await client.create(type, object);
      return true;
    } catch (error) {
      if (isStatusError(error, 'AlreadyExists')) return false;
      throw explainRefusal(error, namespace);
    }
  }

  #untilStarted(id: string, signal: AbortSignal, onProgress: OnProgress = () => undefined): Promise<Pod> {
    let told = '';
    const judge = (pod: Pod | undefined): Pod | undefined => {
      if (pod === undefined) throw new StatusError('InternalError', 'the Pod was deleted before it ran');
      const start = podStart(pod);
      if (start.kind === 'failed') throw start.error;
      if (start.kind === 'started') return pod;
      const { message, pulling = false } = start;
      if (message !== undefined && message !== told) onProgress((told = message), { pulling });
      return undefined;
    };
    return this.#pods.until(id, judge, signal);
  }

  /** No passing failure when it takes too long: nobody waits for a node, and the sweep comes back to it. */
  async #untilGone(id: string): Promise<void> {
    const text = `the Pod ${id} is still there ${GONE_MS / 1000} s after it was deleted: its node may not answer`;
    const late = new StatusError('Conflict', text);
    const isGone = (pod: Pod | undefined): true | undefined => (pod === undefined ? true : undefined);
    await this.#within({ ms: GONE_MS, late }, (signal) => this.#pods.until(id, isGone, signal));
  }

  async #removeClaim(id: string): Promise<void> {
    const text = `the PersistentVolumeClaim ${id} is still there ${GONE_MS / 1000} s after it was deleted`;
    const late = new StatusError('Conflict', text);
    const { client } = this.#options.cluster;
    await this.#within({ ms: GONE_MS, late }, (signal) => removeClaim(client, this.#ref(id), signal));
  }

  /** @throws `late` when it takes longer */
  async #within<T>(
    { ms, late }: { ms: number; late: Error },
    act: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const time = new AbortController();
    const cancel = this.#options.clock.after(ms, () => time.abort(late));
    try {
      return await act(time.signal);
    } finally {
      cancel();
    }
  }

  /** It was of use for one pull, and `remove` would delete it too. */
  async #removePullSecret(id: string): Promise<void> {
    const { cluster, logger } = this.#options;
    try {
      await ignoreNotFound(cluster.client.delete(PULL_SECRETS, this.#ref(id)));
    } catch (error) {
      logger.warn('the Secret of a pull stays until its Pod is removed', {
        runtime: id,
        cause: (error as Error).message,
      });
    }
  }

  async #listOwn<T extends KubeObject>(type: ResourceType<T>): Promise<T[]> {
    const { client, namespace } = this.#options.cluster;
    return (await client.list(type, { namespace, labelSelector: ownedBy(this.#owner) })).items;
  }

  async #runtime(pod: Pod): Promise<Runtime> {
    const { name } = pod.metadata;
    const running = isRunning(pod);
    const address = running ? await this.#addressOf(pod) : NOWHERE;
    const outOfMemory = podExit(pod)?.outOfMemory ?? false;
    return { id: name, name, address, running, outOfMemory };
  }

  async #addressOf({ metadata, status }: Pod): Promise<RuntimeAddress> {
    if (this.#forwards !== undefined) return this.#forwards.addressOf(metadata.name);
    return { host: status?.podIP ?? '', port: RUNNER_CONTAINER_PORT, hint: HINT };
  }

  #podSettings(): PodSettings {
    const { image, settings, template } = this.#options;
    const { workspace, reach, runtimeClass } = settings;
    return { ...this.#owner, image, workspace, reach, runtimeClass, template };
  }

  #ref(name: string) {
    return { namespace: this.#options.cluster.namespace, name };
  }
}

const NOWHERE: RuntimeAddress = { host: '', port: 0 };

/** Of which only the workspace, or less, is left. */
function ended(id: string): Runtime {
  return { id, name: id, address: NOWHERE, running: false };
}
