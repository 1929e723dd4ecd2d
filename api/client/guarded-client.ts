import type { Client } from './client.ts';

/** The same client, which asks before each write: `permit` throws when it may no longer be made. */
export function guardWrites(client: Client, permit: () => void): Client {
  async function guarded<R>(write: () => Promise<R>): Promise<R> {
    permit();
    return write();
  }
  return {
    ...client,
    within: (signal) => guardWrites(client.within(signal), permit),
    create: (type, object) => guarded(() => client.create(type, object)),
    createPart: (type, ref, part) => guarded(() => client.createPart(type, ref, part)),
    update: (type, object) => guarded(() => client.update(type, object)),
    updateStatus: (type, object) => guarded(() => client.updateStatus(type, object)),
    finalize: (type, object) => guarded(() => client.finalize(type, object)),
    patch: (type, ref, patch) => guarded(() => client.patch(type, ref, patch)),
    apply: (type, object, options) => guarded(() => client.apply(type, object, options)),
    delete: (type, ref, options) => guarded(() => client.delete(type, ref, options)),
    deleteCollection: (type, options) => guarded(() => client.deleteCollection(type, options)),
  };
}
