import type { KubeObject } from '../machinery/meta.ts';
import { refOf } from '../machinery/resource-type.ts';
import type { ObjectRef, ResourceType } from '../machinery/resource-type.ts';
import { ignoreNotFound } from '../machinery/status-error.ts';
import type { WatchEvent } from '../machinery/watch-event.ts';
import type { Client, WatchOptions } from './client.ts';

/** The calls that a client can make to the server; `find` makes a `get`. */
export type ClientVerb = Exclude<keyof Client, 'find' | 'within'>;

/** One call about to be made, or just made. */
export interface ClientCall {
  verb: ClientVerb;
  /** Absent for discover. */
  type?: ResourceType;
  /** Absent for list, watch and a create with generateName. */
  ref?: ObjectRef;
  object?: KubeObject;
}

/** What goes wrong. Each hook may throw (the call fails with that) or take its time. */
export interface Faults {
  /** The request is never sent when this throws. */
  before?(call: ClientCall): void | Promise<void>;
  /** The server has done it, and the caller never learns so when this throws. */
  after?(call: ClientCall): void | Promise<void>;
  /** For each event of a watch: `end` closes the stream in front of it; throwing breaks the stream. */
  onEvent?(call: ClientCall, event: WatchEvent<KubeObject>): 'pass' | 'end' | Promise<'pass' | 'end'>;
}

/** A real client with faults in front of and behind it, for tests. */
export function withFaults(client: Client, faults: Faults): Client {
  async function around<R>(call: ClientCall, act: () => Promise<R>): Promise<R> {
    await faults.before?.(call);
    const result = await act();
    await faults.after?.(call);
    return result;
  }

  const ofObject = (verb: ClientVerb, type: ResourceType, object: KubeObject): ClientCall => ({
    verb,
    type,
    object,
    ref: refOf(object),
  });

  const get: Client['get'] = (type, ref) => around({ verb: 'get', type, ref }, () => client.get(type, ref));

  async function* watch<T extends KubeObject>(
    type: ResourceType<T>,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>, void, undefined> {
    const call: ClientCall = { verb: 'watch', type };
    await faults.before?.(call);
    for await (const event of client.watch(type, options)) {
      if ((await faults.onEvent?.(call, event)) === 'end') return;
      yield event;
    }
    await faults.after?.(call);
  }

  return {
    within: (signal) => withFaults(client.within(signal), faults),
    get,
    find: (type, ref) => ignoreNotFound(get(type, ref)),
    list: (type, options) => around({ verb: 'list', type }, () => client.list(type, options)),
    create: (type, object) => around(ofObject('create', type, object), () => client.create(type, object)),
    createPart: (type, ref, part) =>
      around({ verb: 'createPart', type, ref }, () => client.createPart(type, ref, part)),
    update: (type, object) => around(ofObject('update', type, object), () => client.update(type, object)),
    updateStatus: (type, object) =>
      around(ofObject('updateStatus', type, object), () => client.updateStatus(type, object)),
    patch: (type, ref, patch) => around({ verb: 'patch', type, ref }, () => client.patch(type, ref, patch)),
    apply: (type, object, options) =>
      around(ofObject('apply', type, object), () => client.apply(type, object, options)),
    finalize: (type, object) =>
      around(ofObject('finalize', type, object), () => client.finalize(type, object)),
    deleteCollection: (type, options) =>
      around({ verb: 'deleteCollection', type }, () => client.deleteCollection(type, options)),
    discover: () => around({ verb: 'discover' }, () => client.discover()),
    delete: (type, ref, options) =>
      around({ verb: 'delete', type, ref }, () => client.delete(type, ref, options)),
    watch,
  };
}
