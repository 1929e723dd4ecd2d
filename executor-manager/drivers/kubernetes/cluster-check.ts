import type { Clock } from '#api/machinery/clock';
import { resourcePath } from '#api/client/resource-path';
import { isStatusError, StatusError } from '#api/machinery/status-error';
import type { EngineState, Platform } from '../driver.ts';
import { missingRights, neededRights } from './access.ts';
import type { ClusterConnection } from './cluster-connection.ts';
import { PODS } from './cluster-objects.ts';
import type { Pod } from './cluster-objects.ts';
import { explainRefusal } from './cluster-refusal.ts';
import type { KubernetesSettings } from './kubernetes-settings.ts';
import type { PodRuntimeSpec } from './pod-manifest.ts';
import type { PodTemplate } from './pod-template.ts';

export interface ClusterCheckOptions {
  cluster: ClusterConnection;
  settings: KubernetesSettings;
  template: PodTemplate;
  image: string;
  clock: Clock;
  pod: (spec: PodRuntimeSpec) => Pod;
}

/** Rights and rules of a cluster change seldom, and each question costs it a dozen requests. */
const GOOD_FOR_MS = 5 * 60_000;
const GIB = 2 ** 30;

/** Whether Pods can be made: the cluster answers, its rights suffice, and it would take a Pod as the driver makes them. */
export class ClusterCheck {
  readonly #options: ClusterCheckOptions;
  /** Until when the last good answer counts. */
  #goodUntil = 0;

  constructor(options: ClusterCheckOptions) {
    this.#options = options;
  }

  /** Never throws. */
  async state(): Promise<EngineState> {
    const { cluster, clock, image } = this.#options;
    try {
      const { gitVersion, platform } = await this.#version();
      if (clock.now() >= this.#goodUntil) {
        await this.#checkRights();
        await this.#checkPod();
        this.#goodUntil = clock.now() + GOOD_FOR_MS;
      }
      const message = `Kubernetes ${gitVersion} at ${cluster.server}: Pods in the namespace ${cluster.namespace} with image ${image}.`;
      return { ready: true, message, platform: this.#platform(platform) };
    } catch (error) {
      this.#goodUntil = 0;
      const { message } = error as Error;
      return { ready: false, message: `${message[0]?.toUpperCase()}${message.slice(1).replace(/\.$/, '')}.` };
    }
  }

  async #version(): Promise<{ gitVersion: string; platform: string }> {
    const { transport, namespace } = this.#options.cluster;
    try {
      const { text } = await transport.send({ method: 'GET', path: '/version' });
      return JSON.parse(text) as { gitVersion: string; platform: string };
    } catch (error) {
      throw explainRefusal(error, namespace);
    }
  }

  async #checkRights(): Promise<void> {
    const { cluster, settings } = this.#options;
    const missing = await missingRights(cluster.client, cluster.namespace, neededRights(settings));
    if (missing.length === 0) return;
    const rights = missing.join(', ');
    throw new StatusError(
      'Forbidden',
      `the executor manager lacks rights in the namespace ${cluster.namespace}: ${rights} (docs/kubernetes.md has the Role)`,
    );
  }

  /** The cluster judges a Pod that is not made: its namespace, Pod Security, classes and other admission. */
  async #checkPod(): Promise<void> {
    const { transport, namespace } = this.#options.cluster;
    const limits = { memory: 2 * GIB, cpus: 2, pids: 512, disk: 10 * GIB };
    const pod = this.#options.pod({ id: 'rt-check', tokenHash: '', limits, pullSecret: false });
    const path = `${resourcePath(PODS, { namespace })}?dryRun=All`;
    try {
      await transport.send({ method: 'POST', path, body: pod });
    } catch (error) {
      const refused = explainRefusal(error, namespace);
      if (isStatusError(refused) && REFUSALS.has(refused.reason)) throw refused;
      // A quota that is used up may be so by the sandboxes themselves, and a webhook may not know such questions.
    }
  }

  /** That of the nodes cannot be known without a right to all of them; an administrator who has several says which. */
  #platform(ofServer: string): Platform {
    const { nodeSelector = {} } = this.#options.template.spec ?? {};
    const [os = 'linux', arch = 'amd64'] = ofServer.split('/');
    return { os: nodeSelector['kubernetes.io/os'] ?? os, arch: nodeSelector['kubernetes.io/arch'] ?? arch };
  }
}

const REFUSALS: ReadonlySet<string> = new Set(['Forbidden', 'Invalid', 'NotFound', 'ServiceUnavailable']);
