import { setImmediate } from 'node:timers/promises';
import type { Client, WatchOptions } from '#api/client/client';
import { guardWrites } from '#api/client/guarded-client';
import { sleep } from '#api/machinery/clock';
import type { SteadyClock } from '#api/machinery/clock';
import { silentLogger } from '#api/machinery/logger';
import type { KubeList, KubeObject } from '#api/machinery/meta';
import { ignoreNotFound, StatusError } from '#api/machinery/status-error';
import type { WatchEvent } from '#api/machinery/watch-event';
import type { ApiObject } from '#api/registry/reading/api-object';
import type { Registry } from '#api/registry/registry';
import type { WatchItem } from '#api/registry/requests';
import { electedRunnable } from '#controllers/runtime/elected';
import { DEFAULT_LEASE_TIMES, LeaderElection } from '#controllers/runtime/leader-election';
import { LEASES } from '#controllers/runtime/lease';
import type { Lease } from '#controllers/runtime/lease';
import type { Runnable } from '#controllers/runtime/manager';

/** How the network between one process and the API is. `slow`: a request arrives after a while, and is answered then. */
export type Network = 'good' | 'hangs' | 'loses answers' | 'refuses' | { slow: number };

const user = { name: 'somebody', groups: ['system:masters'] };
const write = { user, dryRun: false, fieldValidation: 'Strict' } as const;

/** One API, the time that really passes, and what the API says about one Lease. */
export class World {
  readonly registry: Registry;
  readonly lease: { namespace: string; name: string };
  /** Milliseconds. */
  time = 0;
  readonly #timers = new Set<{ at: number; fn: () => void }>();
  #written = { revision: 0, holder: '' };
  #underWay = 0;

  constructor(registry: Registry, name: string) {
    this.registry = registry;
    this.lease = { namespace: 'default', name };
  }

  /** Whom the Lease names at the server. */
  get holder(): string {
    return this.#written.holder;
  }

  after(ms: number, fn: () => void): () => void {
    const timer = { at: this.time + Math.max(0, ms), fn };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Lets time pass, timer by timer; `check` sees each state in between. */
  async pass(ms: number, check: () => void): Promise<void> {
    const until = this.time + ms;
    await this.settle();
    check();
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      this.#timers.delete(next);
      // A clock that is about to be over has its last moment too.
      this.time = Math.max(this.time, next.at - 1);
      check();
      this.time = Math.max(this.time, next.at);
      next.fn();
      await this.settle();
      check();
    }
    this.time = until;
    check();
  }

  /** Until the API has answered all, and everybody has heard of it. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet += 1) {
      await setImmediate();
      if (this.#underWay > 0) quiet = -1;
    }
  }

  async ask<R>(act: () => Promise<R>): Promise<R> {
    this.#underWay += 1;
    try {
      return await act();
    } finally {
      this.#underWay -= 1;
    }
  }

  async write(verb: 'create' | 'update', body: Lease): Promise<Lease> {
    const resource = this.#leases();
    const { namespace, name } = this.lease;
    const { object } = await (verb === 'create'
      ? this.registry.create({ resource, namespace, body, ...write })
      : this.registry.update({ target: { resource, namespace, name }, body, ...write }));
    const written = shown(object);
    const revision = Number(written.metadata.resourceVersion);
    if (revision > this.#written.revision) {
      this.#written = { revision, holder: written.spec?.holderIdentity ?? '' };
    }
    return written;
  }

  find(): Promise<Lease | undefined> {
    const target = { resource: this.#leases(), ...this.lease };
    return ignoreNotFound(this.registry.get({ target, user }).then((found) => shown(found)));
  }

  async list(): Promise<KubeList<Lease>> {
    const list = await this.registry.list(this.#query());
    const items = list.items.map((item) => shown(item));
    return { metadata: { resourceVersion: String(list.revision) }, items } as KubeList<Lease>;
  }

  async *watch(resourceVersion: string, signal: AbortSignal): AsyncGenerator<WatchEvent<Lease>> {
    const watching = this.registry.watch({
      ...{ ...this.#query(), resourceVersion, signal, allowWatchBookmarks: true },
    });
    for await (const batch of watching) yield* batch.map((item) => eventOf(item));
  }

  #query() {
    const { namespace, name } = this.lease;
    return { resource: this.#leases(), namespace, fieldSelector: `metadata.name=${name}`, user };
  }

  #leases() {
    const found = this.registry.catalog.current().find(({ kind }) => kind === 'Lease');
    if (found === undefined) throw new Error('the API has no Leases');
    return found;
  }

  #next(until: number) {
    let first: { at: number; fn: () => void } | undefined;
    for (const timer of this.#timers)
      if (timer.at <= until && timer.at < (first?.at ?? Infinity)) first = timer;
    return first;
  }
}

const shown = ({ object }: ApiObject): Lease => object;

function eventOf(item: WatchItem): WatchEvent<Lease> {
  if (item.type !== 'BOOKMARK') return { type: item.type, object: shown(item.object) };
  return {
    type: 'BOOKMARK',
    object: { metadata: { resourceVersion: String(item.revision) } },
  } as WatchEvent<Lease>;
}

/** Something that a guarded client writes. */
const NOTES = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
} as const;

export interface MachineOptions {
  identity: string;
  /** How fast its clock goes. */
  rate: number;
  /** By how much its clock is wrong, in milliseconds. */
  skew: number;
}

/** A process that wants to lead, and writes all the time while it does. */
export class Candidate {
  readonly election: LeaderElection;
  readonly identity: string;
  /** A write began at a moment when somebody else had the Lease. */
  readonly trespasses: string[] = [];
  /** Why it ended by itself, which it should not. */
  failure: unknown;
  state: 'dead' | 'halted' | 'running' | 'stopping' = 'running';
  writes = 0;
  readonly #world: World;
  readonly #clock: SteadyClock;
  readonly #stop = new AbortController();
  readonly #connections = new AbortController();
  #skew: number;
  #network: Network = 'good';
  #networkChanged = Promise.withResolvers<void>();
  #haltsAfterWrite = false;
  /** The events for when it runs again: timers that are due, answers that arrived. */
  #held: { what: 'answer' | 'timer'; fn: () => void }[] = [];

  constructor(world: World, { identity, rate, skew }: MachineOptions) {
    this.#world = world;
    this.identity = identity;
    this.#skew = skew;
    this.#clock = {
      now: () => Math.floor(world.time * rate + this.#skew) + 1_700_000_000_000,
      elapsed: () => world.time * rate,
      after: (ms, fn) => {
        let isCancelled = false;
        const due = (): void => (isCancelled ? undefined : fn());
        const cancel = world.after(Math.max(0, ms) / rate, () => this.#happens('timer', due));
        return () => {
          isCancelled = true;
          cancel();
        };
      },
    };
    const client = this.#client();
    this.election = new LeaderElection({
      ...{ client, identity, lease: world.lease, clock: this.#clock },
      ...{ times: DEFAULT_LEASE_TIMES, logger: silentLogger },
    });
    const guarded = guardWrites(client, () => this.election.assertHeld());
    const { leaseDuration, renewDeadline } = DEFAULT_LEASE_TIMES;
    const elected = electedRunnable({
      ...{ election: this.election, make: () => [this.#worker(guarded)] },
      ...{ stopMs: leaseDuration - renewDeadline, clock: this.#clock, logger: silentLogger },
    });
    elected.run(this.#stop.signal).catch((error: unknown) => (this.failure = error));
  }

  /** Whether it may write, as it believes. */
  get mayWrite(): boolean {
    try {
      this.election.assertHeld();
      return true;
    } catch {
      return false;
    }
  }

  setClock(by: number): void {
    this.#skew += by;
  }

  setNetwork(network: Network): void {
    this.#network = network;
    this.#networkChanged.resolve();
    this.#networkChanged = Promise.withResolvers();
  }

  /** SIGSTOP. */
  halt(): void {
    if (this.state === 'running') this.state = 'halted';
  }

  /** SIGSTOP right after the API did the next write, before the answer is read. */
  haltAfterWrite(): void {
    this.#haltsAfterWrite = true;
  }

  /** Nothing more goes wrong around it. */
  heal(): void {
    this.#haltsAfterWrite = false;
    this.setNetwork('good');
  }

  /** SIGCONT. Both orders are possible: an event loop may be halted in any of its phases. */
  goOn(first: 'answer' | 'timer'): void {
    if (this.state !== 'halted') return;
    this.state = 'running';
    const held = this.#held;
    this.#held = [];
    for (const one of held.filter(({ what }) => what === first)) one.fn();
    for (const one of held.filter(({ what }) => what !== first)) void setImmediate().then(one.fn);
  }

  /** SIGTERM. */
  stop(): void {
    if (this.state !== 'running') return;
    this.state = 'stopping';
    this.#stop.abort(new Error('stops'));
  }

  /** SIGKILL. */
  kill(): void {
    this.state = 'dead';
    this.#held = [];
    this.#connections.abort(new Error('the process is gone'));
  }

  #happens(what: 'answer' | 'timer', fn: () => void): void {
    if (this.state === 'halted') this.#held.push({ what, fn });
    else if (this.state !== 'dead') fn();
  }

  /** An answer from outside reaches a process only while it runs. */
  #arrives<R>(answer: Promise<R>): Promise<R> {
    return new Promise((resolve, reject) => {
      answer.then(
        (result) => this.#happens('answer', () => resolve(result)),
        (error: Error) => this.#happens('answer', () => reject(error)),
      );
    });
  }

  /** A request over the network as it is now. */
  async #request<R>(act: () => Promise<R>, signal: AbortSignal | undefined): Promise<R> {
    signal?.throwIfAborted();
    const cut = Promise.withResolvers<never>();
    signal?.addEventListener('abort', () => cut.reject(signal.reason as Error), { once: true });
    return Promise.race([cut.promise, this.#arrives(this.#answer(() => this.#world.ask(act)))]);
  }

  async #answer<R>(act: () => Promise<R>): Promise<R> {
    const away = new StatusError('ServiceUnavailable', 'made up');
    const network = this.#network;
    switch (network) {
      case 'good':
        return act();
      case 'refuses':
        throw away;
      case 'loses answers':
        await act();
        throw away;
      case 'hangs':
        await this.#networkChanged.promise;
        throw away;
      default: {
        const arrives = Promise.withResolvers<void>();
        this.#world.after(network.slow, arrives.resolve);
        await Promise.race([arrives.promise, this.#networkChanged.promise]);
        return act();
      }
    }
  }

  async *#watch(options: WatchOptions): AsyncGenerator<WatchEvent<Lease>> {
    const away = new StatusError('ServiceUnavailable', 'made up');
    const signal = AbortSignal.any([this.#connections.signal, ...(options.signal ? [options.signal] : [])]);
    await this.#request(() => Promise.resolve(), signal);
    for await (const event of this.#world.watch(options.resourceVersion ?? '', signal)) {
      if (this.#network === 'hangs') await this.#networkChanged.promise;
      if (this.#network === 'refuses') throw away;
      yield await this.#arrives(Promise.resolve(event));
    }
  }

  #client(signal?: AbortSignal): Client {
    const world = this.#world;
    const unused = (): Promise<never> => Promise.reject(new Error('nobody should ask this'));
    const send = (verb: 'create' | 'update', object: KubeObject): Promise<Lease> => {
      if (object.kind !== 'Lease') return this.#note(object);
      return this.#request(() => this.#write(verb, object), signal);
    };
    return {
      ...{ get: unused, updateStatus: unused, finalize: unused, patch: unused, createPart: unused },
      ...{ apply: unused, delete: unused, deleteCollection: unused, discover: unused },
      within: (inner) => this.#client(signal === undefined ? inner : AbortSignal.any([signal, inner])),
      find: () => this.#request(() => world.find(), signal) as never,
      list: (_type, options) => this.#request(() => world.list(), options?.signal) as never,
      watch: (_type, options) => this.#watch(options) as never,
      create: (_type, object) => send('create', object) as never,
      update: (_type, object) => send('update', object) as never,
    };
  }

  async #write(verb: 'create' | 'update', lease: Lease): Promise<Lease> {
    const written = await this.#world.write(verb, lease);
    if (this.#haltsAfterWrite) this.halt();
    this.#haltsAfterWrite = false;
    return written;
  }

  async #note(object: KubeObject): Promise<Lease> {
    this.writes += 1;
    const { holder, time } = this.#world;
    if (holder !== this.identity) this.trespasses.push(`${this.identity} at ${time}, while ${holder} leads`);
    return object;
  }

  /** Reads over the network and writes at once: the answer may be the first thing that it hears after a halt. */
  #worker(client: Client): Runnable {
    const note = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'note', namespace: 'default' } };
    return {
      name: 'worker',
      run: async (signal) => {
        while (!signal.aborted) {
          await client
            .within(signal)
            .find(LEASES, this.#world.lease)
            .catch(() => undefined);
          // Refused while the process does not lead, or does not know it yet.
          await client.create(NOTES, note).catch(() => undefined);
          await sleep(this.#clock, 700, signal).catch(() => undefined);
        }
      },
    };
  }
}
