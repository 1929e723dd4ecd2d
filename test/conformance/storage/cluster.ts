import type { ReplicaOptions } from './replica.ts';
import { Replica } from './replica.ts';

/** Several replicas on one database, each of which may be replaced by a new one. */
export class Cluster implements AsyncDisposable {
  readonly #options: readonly ReplicaOptions[];
  readonly #replicas: Promise<Replica>[];

  private constructor(options: readonly ReplicaOptions[]) {
    this.#options = options;
    this.#replicas = options.map((own) => Replica.start(own));
  }

  static async start(options: readonly ReplicaOptions[]): Promise<Cluster> {
    const cluster = new Cluster(options);
    await Promise.all(cluster.#replicas);
    return cluster;
  }

  /** Resolves when the replica of this place is there again. */
  at(place: number): Promise<Replica> {
    return this.#replicas[place]!;
  }

  get places(): number[] {
    return this.#replicas.map((_, place) => place);
  }

  /** Kills the replica and starts the next one in its place. */
  async replace(place: number): Promise<void> {
    const old = await this.at(place);
    const started = old.kill().then(() => Replica.start(this.#options[place]!));
    this.#replicas[place] = started;
    await started;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const replica of this.#replicas) await (await replica).kill();
  }
}
