import type { Adapter, AdapterConstructor, AdapterPayload } from 'oidc-provider';

/** The memory of a provider; instances made with one storage share it, as replicas do. Nothing expires in it. */
export function oidcStorage(): AdapterConstructor {
  const stored = new Map<string, AdapterPayload>();
  return class implements Adapter {
    readonly #model: string;

    constructor(model: string) {
      this.#model = model;
    }

    #key(id: string): string {
      return `${this.#model}:${id}`;
    }

    #where(field: 'uid' | 'userCode', value: string): AdapterPayload | undefined {
      const own = [...stored].filter(([key]) => key.startsWith(`${this.#model}:`));
      return own.find(([, payload]) => payload[field] === value)?.[1];
    }

    async upsert(id: string, payload: AdapterPayload): Promise<void> {
      stored.set(this.#key(id), payload);
    }

    async find(id: string): Promise<AdapterPayload | undefined> {
      return stored.get(this.#key(id));
    }

    async findByUid(uid: string): Promise<AdapterPayload | undefined> {
      return this.#where('uid', uid);
    }

    async findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
      return this.#where('userCode', userCode);
    }

    async consume(id: string): Promise<void> {
      const payload = stored.get(this.#key(id));
      if (payload !== undefined) payload['consumed'] = Math.floor(Date.now() / 1000);
    }

    async destroy(id: string): Promise<void> {
      stored.delete(this.#key(id));
    }

    async revokeByGrantId(grantId: string): Promise<void> {
      for (const [key, payload] of stored) if (payload.grantId === grantId) stored.delete(key);
    }
  };
}
