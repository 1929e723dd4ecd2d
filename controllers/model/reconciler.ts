import type { Client } from '#api/client/client';
import { formatTime } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { objectKey } from '#api/machinery/meta';
import type { Model } from '#api/types/generated/model';
import { isHeaderValue } from '#api/types/models/model-config';
import { withReady } from '#api/types/ready';
import { MODELS } from '#api/types/resources';
import type { Secret } from '#api/types/resources';
import type { Reconcile } from '../runtime/controller.ts';
import { writeStatus } from '../runtime/status-writer.ts';
import type { Troubles } from '../runtime/troubles.ts';
import { modelSummary, planModel } from './plan.ts';
import type { SecretKeys } from './plan.ts';

export interface ModelReconcilerOptions {
  models: { get(key: string): Model | undefined };
  secrets: { get(key: string): Secret | undefined };
  troubles: Troubles;
  clock: Clock;
}

/** Says in its status whether a Model can be used. */
export function modelReconciler({
  models,
  secrets,
  troubles,
  clock,
}: ModelReconcilerOptions): Reconcile<Pick<Client, 'updateStatus'>> {
  return async (key, { client }) => {
    const model = models.get(key);
    if (model === undefined || model.metadata.deletionTimestamp !== undefined) {
      troubles.follow(key, undefined);
      return;
    }
    const at = { now: formatTime(clock.now()), generation: model.metadata.generation };
    const { protocol: _, modelId: __, ...others } = model.status ?? {};
    const found = { ...others, ...modelSummary(model) };
    const status = withReady(found, planModel(model, secretKeys(model, secrets)), at);
    troubles.follow(key, await writeStatus(client, MODELS, { object: model, status }));
  };
}

function secretKeys(model: Model, secrets: ModelReconcilerOptions['secrets']): SecretKeys | undefined {
  const ref = model.spec.secretRef;
  if (ref === undefined) return undefined;
  const secret = secrets.get(objectKey({ namespace: model.metadata.namespace, name: ref.name }));
  if (secret === undefined) return undefined;
  const values = Object.entries(secret.data ?? {}).map(
    ([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8').trim()] as const,
  );
  const keysOf = (wanted: (value: string) => boolean): Set<string> =>
    new Set(values.filter(([, value]) => wanted(value)).map(([key]) => key));
  return { keys: keysOf((value) => value !== ''), unsendable: keysOf((value) => !isHeaderValue(value)) };
}
