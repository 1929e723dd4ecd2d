import type { NewCondition } from '#api/machinery/condition';
import { hasURLCredential, isMask } from '#api/types/credentials/credential';
import type { Model, ModelStatus } from '#api/types/generated/model';
import { ModelReason, modelNotReady, modelReady } from '#api/types/models/model';
import {
  isHeaderValue,
  modelCredential,
  modelHeaders,
  modelSettings,
  rawModelBaseURL,
} from '#api/types/models/model-config';

/** The part of a Secret that the controller knows. The values stay out of plans. */
export interface SecretKeys {
  /** Those that have a value. */
  keys: ReadonlySet<string>;
  /** Those of them whose value no HTTP header can hold. */
  unsendable: ReadonlySet<string>;
}

/** `secret` is what spec.secretRef names, undefined when there is no such Secret. */
export function planModel(model: Model, secret: SecretKeys | undefined): NewCondition {
  return planConfig(model) ?? planCredential(model, secret) ?? modelReady();
}

/** For lists of Models: the settings may be written in many ways, and a column shows one field. */
export function modelSummary({ spec }: Model): Pick<ModelStatus, 'modelId' | 'protocol'> {
  const { name: modelId, protocol, unknownProtocol } = modelSettings(spec);
  const said = unknownProtocol ?? protocol;
  return { ...(said === undefined ? {} : { protocol: said }), ...(modelId === undefined ? {} : { modelId }) };
}

function planConfig(model: Model): NewCondition | undefined {
  const settings = modelSettings(model.spec);
  if (settings.unknownProtocol !== undefined) {
    return modelNotReady(
      ModelReason.UnsupportedProtocol,
      `spec.protocol: "${settings.unknownProtocol}" is not supported; anthropic (or claude), openai, openai-responses and dify are.`,
    );
  }
  // Speech, image and other models have services of their own, which this version does not call.
  const isNamed = settings.name !== undefined || settings.protocol === 'dify';
  if ((model.spec.modelType ?? 'llm') === 'llm' && !isNamed) {
    return invalidConfig('spec.modelConfig.env: no model id; set model_id, ANTHROPIC_MODEL or OPENAI_MODEL.');
  }
  const { wrongLine } = modelHeaders(model.spec);
  if (wrongLine !== undefined) {
    return invalidConfig(
      `spec.modelConfig.env: line ${wrongLine} of ANTHROPIC_CUSTOM_HEADERS is not a header of the form "Name: value".`,
    );
  }
  return planBaseURL(rawModelBaseURL(model.spec));
}

function planBaseURL(baseURL: string | undefined): NewCondition | undefined {
  if (baseURL === undefined) return undefined;
  if (isMask(baseURL) || hasURLCredential(baseURL)) {
    return invalidConfig('spec.modelConfig.env: the base URL must not hold a user name or password.');
  }
  const protocol = URL.parse(baseURL)?.protocol;
  return protocol === 'http:' || protocol === 'https:'
    ? undefined
    : // Not quoted: whoever mixes up two lines has a key there.
      invalidConfig('spec.modelConfig.env: the base URL is not an http or https URL.');
}

const invalidConfig = (message: string): NewCondition => modelNotReady(ModelReason.InvalidConfig, message);

function planCredential({ metadata, spec }: Model, secret: SecretKeys | undefined): NewCondition | undefined {
  const { secretRef } = spec;
  if (secretRef === undefined) return planInlineCredential(spec);
  const shown = `Secret "${metadata.namespace ?? ''}/${secretRef.name}"`;
  if (secret === undefined) {
    return modelNotReady(ModelReason.SecretNotFound, `spec.secretRef: ${shown} not found.`);
  }
  const key = secretRef.key ?? 'api_key';
  if (!secret.keys.has(key)) {
    const message = `spec.secretRef.key: ${shown} has no value under "${key}".`;
    return modelNotReady(ModelReason.SecretKeyMissing, message);
  }
  return secret.unsendable.has(key)
    ? unsendable(`spec.secretRef: the value of "${key}" in ${shown}`)
    : undefined;
}

function planInlineCredential(spec: Model['spec']): NewCondition | undefined {
  const credential = modelCredential(spec);
  if (credential === undefined) {
    return modelNotReady(
      ModelReason.CredentialMissing,
      `No credential: set spec.secretRef, or ${modelSettings(spec).protocol === 'dify' ? 'DIFY_API_KEY' : 'api_key'} in spec.modelConfig.env.`,
    );
  }
  return isHeaderValue(credential.value) ? undefined : unsendable('spec.modelConfig.env: the API key');
}

function unsendable(what: string): NewCondition {
  return modelNotReady(
    ModelReason.CredentialInvalid,
    `${what} has a character that no HTTP header can hold; keys consist of ASCII letters, digits and signs.`,
  );
}
