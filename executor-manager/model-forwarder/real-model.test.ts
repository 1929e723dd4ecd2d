import { describe, expect, it } from 'vitest';
import type { Client } from '#api/client/client';
import type { KubeObject } from '#api/machinery/meta';
import type { Sandbox } from '#api/types/generated/sandbox';
import type { RealModel } from './credential-headers.ts';
import { readRealModel } from './real-model.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const sandbox = { metadata: { name: 's', namespace: 'team-a' } } as Sandbox;
const asked = {
  ref: { name: 'm', namespace: 'shared' },
  protocol: 'openai',
  baseURL: 'http://asked',
} as const;
const read = (objects: Record<string, object>): Promise<RealModel> =>
  readRealModel(apiWith(objects), sandbox, asked);

/** What the API would answer, by `plural/namespace/name`. */
function apiWith(objects: Record<string, object>): Pick<Client, 'find'> {
  return {
    async find<T extends KubeObject>(
      type: { group: string; plural: string },
      ref: { namespace?: string; name: string },
    ) {
      return objects[`${type.plural}/${ref.namespace}/${ref.name}`] as T | undefined;
    },
  };
}

const model = (env: Record<string, string>, more: object = {}) => ({
  'models/shared/m': { spec: { modelConfig: { env }, ...more } },
});
const keyed = { ...model({ base_url: 'http://real/v1' }, { secretRef: { name: 'key' } }) };

describe('readRealModel', () => {
  it('takes the key from the Secret beside the Model, and the address from the Model', async () => {
    const secret = { data: { api_key: base64('sk-1\n') } };
    expect(await read({ ...keyed, 'secrets/shared/key': secret })).toEqual({
      protocol: 'openai',
      baseURL: 'http://real/v1',
      credential: { value: 'sk-1', form: 'key' },
      headers: {},
    });
  });

  it('sends no key to an address that only the Sandbox names', async () => {
    expect(await read(model({ api_key: 'k' }))).toEqual({
      protocol: 'openai',
      credential: { value: 'k', form: 'key' },
      headers: {},
    });
  });

  it('takes the headers of a gateway with it', async () => {
    const env = { ANTHROPIC_AUTH_TOKEN: 'bearer', ANTHROPIC_CUSTOM_HEADERS: 'X-A: b' };
    expect(await read(model(env))).toMatchObject({
      credential: { value: 'bearer', form: 'bearer' },
      headers: { 'x-a': 'b' },
    });
  });

  it.each([
    [{}, 'Model "shared/m" not found'],
    [keyed, 'Secret "shared/key" not found'],
    [
      {
        ...model({}, { secretRef: { name: 'key', key: 'token' } }),
        'secrets/shared/key': { data: { api_key: '' } },
      },
      'Secret "shared/key" has no key "token"',
    ],
  ])('%j: %s', async (objects, message) => {
    await expect(read(objects)).rejects.toThrow(message);
  });
});
