import { badRequest } from '#api/machinery/status-error';
import { isHeaderValue } from '#api/types/models/model-config';
import type { ModelCredential } from '#api/types/models/model-config';
import type { ModelAddress } from './routes.ts';

/** Of requests with the token of a Claude subscription, as Claude Code sends it. */
const SUBSCRIPTION_BETA = 'oauth-2025-04-20';
const AZURE = /\.azure\.com$/i;

/** A Model with all that its service wants. Secret: kept in the memory of the executor manager, never logged. */
export interface RealModel extends ModelAddress {
  credential?: ModelCredential;
  /** Sent with each call, such as those of a gateway; names in lower case. */
  headers: Readonly<Record<string, string>>;
}

/** The headers that prove to the service who calls. @throws StatusError BadRequest for a credential that no header can hold. */
export function credentialHeaders(model: RealModel): Record<string, string> {
  const { credential } = model;
  if (credential === undefined) return {};
  const { form, value } = credential;
  if (!isHeaderValue(value)) {
    throw badRequest('the API key of the Model has a character that no HTTP header can hold');
  }
  if (form !== 'key') return { authorization: `Bearer ${value}` };
  if (model.protocol === 'anthropic') return { 'x-api-key': value };
  // Azure takes keys in a header of its own; its bearer tokens are something else.
  return AZURE.test(hostOf(model)) ? { 'api-key': value } : { authorization: `Bearer ${value}` };
}

/** Values of `anthropic-beta` that the credential needs beside those of the agent. */
export function credentialBetas({ protocol, credential }: RealModel): readonly string[] {
  return protocol === 'anthropic' && credential?.form === 'subscription' ? [SUBSCRIPTION_BETA] : [];
}

/** Everything in `model` that must not be shown, the longest first: one may be a part of another. */
export function secretsOf({ credential, headers }: RealModel): string[] {
  const values = Object.values(headers).flatMap((value) => [
    value,
    value.replace(/^(?:bearer|basic)\s+/i, ''),
  ]);
  const all = [...(credential === undefined ? [] : [credential.value]), ...values];
  return [...new Set(all)].filter((secret) => secret.length >= SHORTEST).sort((a, b) => b.length - a.length);
}

/** A shorter one would be found in ordinary words. */
const SHORTEST = 8;

function hostOf({ baseURL }: RealModel): string {
  return baseURL === undefined ? '' : (URL.parse(baseURL)?.hostname ?? '');
}
