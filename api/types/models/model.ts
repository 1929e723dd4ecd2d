import type { NewCondition } from '../../machinery/condition.ts';
import { notReady, ready } from '../ready.ts';

/** Reasons of a Model. */
export const ModelReason = {
  /** Ready=True: the configuration is complete. */
  Valid: 'Valid',
  /** Ready=False: modelConfig lacks what the protocol needs, or contradicts itself. */
  InvalidConfig: 'InvalidConfig',
  /** Ready=False: secretRef names a Secret that does not exist. */
  SecretNotFound: 'SecretNotFound',
  /** Ready=False: the Secret has no such key, or its value is empty. */
  SecretKeyMissing: 'SecretKeyMissing',
  /** Ready=False: neither modelConfig nor a Secret gives a credential. */
  CredentialMissing: 'CredentialMissing',
  /** Ready=False: the credential cannot be sent, since no HTTP header can hold it. */
  CredentialInvalid: 'CredentialInvalid',
  /** Ready=False: the protocol is not one that agents here can speak. */
  UnsupportedProtocol: 'UnsupportedProtocol',
} as const;

/** Why a Model is not ready. */
export type ModelNotReadyReason = Exclude<(typeof ModelReason)[keyof typeof ModelReason], 'Valid'>;

export function modelReady(): NewCondition {
  return ready(ModelReason.Valid, 'The Model can be used.');
}

/** Names the field or the missing object in `message`. */
export function modelNotReady(reason: ModelNotReadyReason, message: string): NewCondition {
  return notReady(reason, message);
}
