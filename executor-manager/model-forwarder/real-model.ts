import type { ModelSpec } from '#api/types/generated/model';
import type { Sandbox, SandboxModel } from '#api/types/generated/sandbox';
import { modelCredential, modelHeaders, modelSettings } from '#api/types/models/model-config';
import { MODELS } from '#api/types/resources';
import { readObject, readSecretValue, refFrom } from '../run/references.ts';
import type { Reader } from '../run/references.ts';
import type { RealModel } from './credential-headers.ts';

const DEFAULT_KEY = 'api_key';

/**
 * The Model that a Sandbox names, as its service wants it. The address is that of the Model as it is now, whatever the
 * Sandbox says: a key goes nowhere but to the service that it stands beside, and whoever may write a Sandbox may not send
 * it elsewhere.
 * @throws StatusError NotFound that names the object which is missing, or the key it lacks; others as they come.
 */
export async function readRealModel(
  client: Reader,
  sandbox: Sandbox,
  model: SandboxModel,
): Promise<RealModel> {
  const place = refFrom(sandbox, model.ref);
  const { spec } = await readObject(client, MODELS, place);
  const credential = modelCredential(spec, await secretKey(client, spec, place.namespace));
  const { baseURL } = modelSettings(spec);
  return {
    protocol: model.protocol ?? 'anthropic',
    ...(baseURL === undefined ? {} : { baseURL }),
    ...(credential === undefined ? {} : { credential }),
    headers: modelHeaders(spec).headers,
  };
}

async function secretKey(
  client: Reader,
  { secretRef }: ModelSpec,
  namespace: string,
): Promise<string | undefined> {
  if (secretRef === undefined) return undefined;
  const { name, key = DEFAULT_KEY } = secretRef;
  return readSecretValue(client, { namespace, name }, key);
}
