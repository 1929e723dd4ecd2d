import type { NewCondition } from '#api/machinery/condition';
import type { Model } from '#api/types/generated/model';
import { ModelReason, modelNotReady, modelReady } from '#api/types/model';
import {
  hasURLCredential,
  inlineModelCredential,
  modelSettings,
  rawModelBaseURL,
} from '#api/types/model-config';

/** What the controller knows of a Secret: which keys have a value. The values stay out of plans. */
export interface SecretKeys {
  keys: ReadonlySet<string>;
}

/** `secret` is what spec.secretRef names, undefined when there is no such Secret. */
export function planModel(model: Model, secret: SecretKeys | undefined): NewCondition {
  return planConfig(model) ?? planCredential(model, secret) ?? modelReady();
}

function planConfig(model: Model): NewCondition | undefined {
  const settings = modelSettings(model.spec);
  if (settings.unknownProtocol !== undefined) {
    return modelNotReady(
      ModelReason.UnsupportedProtocol,
      `spec.protocol: "${settings.unknownProtocol}" is not supported; anthropic (or claude), openai and openai-responses are.`,
    );
  }
  // Speech, image and other models have services of their own, which this version does not call.
  if ((model.spec.modelType ?? 'llm') === 'llm' && settings.name === undefined) {
    return invalidConfig('spec.modelConfig.env: no model id; set model_id, ANTHROPIC_MODEL or OPENAI_MODEL.');
  }
  return planBaseURL(rawModelBaseURL(model.spec));
}

function planBaseURL(baseURL: string | undefined): NewCondition | undefined {
  if (baseURL === undefined) return undefined;
  if (hasURLCredential(baseURL)) {
    return invalidConfig('spec.modelConfig.env: the base URL must not hold a user name or password.');
  }
  const protocol = URL.parse(baseURL)?.protocol;
  return protocol === 'http:' || protocol === 'https:'
    ? undefined
    : // Not quoted: whoever mixes up two lines has a key there.
      invalidConfig('spec.modelConfig.env: the base URL is not an http or https URL.');
}

const invalidConfig = (message: string): NewCondition => modelNotReady(ModelReason.InvalidConfig, message);

function planCredential(model: Model, secret: SecretKeys | undefined): NewCondition | undefined {
  const ref = model.spec.secretRef;
  if (ref === undefined) {
    return inlineModelCredential(model.spec) === undefined
      ? modelNotReady(
          ModelReason.CredentialMissing,
          'No credential: set spec.secretRef, or api_key in spec.modelConfig.env.',
        )
      : undefined;
  }
  if (secret === undefined) {
    return modelNotReady(
      ModelReason.SecretNotFound,
      `spec.secretRef: Secret "${model.metadata.namespace ?? ''}/${ref.name}" not found.`,
    );
  }
  const key = ref.key ?? 'api_key';
  return secret.keys.has(key)
    ? undefined
    : modelNotReady(
        ModelReason.SecretKeyMissing,
        `spec.secretRef.key: Secret "${model.metadata.namespace ?? ''}/${ref.name}" has no value under "${key}".`,
      );
}
