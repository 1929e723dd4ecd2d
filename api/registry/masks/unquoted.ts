import { goQuote } from '../../machinery/go-text.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { credentialFieldsOf } from '../../types/credentials/credential-fields.ts';
import { credentialsOf, isMask } from '../../types/credentials/credential.ts';
import { storageResource } from '../resource.ts';
import type { Resource } from '../resource.ts';

/**
 * An error without the credentials of the objects that it may quote: kube-apiserver's texts quote values, clients print
 * them, and what clients print ends up in logs of others.
 */
export function unquoted(
  error: unknown,
  { resource, objects }: { resource: Resource; objects: readonly (Unstructured | undefined)[] },
): unknown {
  if (!(error instanceof StatusError)) return error;
  const secrets = objects.flatMap((object) => (object === undefined ? [] : secretTexts(resource, object)));
  if (secrets.length === 0) return error;
  const clean = (text: string): string => secrets.reduce(withoutSecret, text);
  const { reason, message, code, details, cause } = error;
  const causes = details?.causes?.map((one) => ({ ...one, message: clean(one.message) }));
  return new StatusError(reason, clean(message), {
    code,
    cause,
    ...(error.continue === undefined ? {} : { continue: error.continue }),
    ...(details === undefined ? {} : { details: { ...details, ...(causes && { causes }) } }),
  });
}

function secretTexts(resource: Resource, object: Unstructured): string[] {
  const fields = credentialFieldsOf(storageResource(resource));
  if (fields === undefined) return [];
  const texts = new Set<string>();
  for (const { value } of credentialsOf(fields, object)) if (!isMask(value)) collectTexts(value, texts);
  // The longest first: one may be the beginning of another.
  return [...texts].sort((left, right) => right.length - left.length);
}

function collectTexts(value: unknown, texts: Set<string>): void {
  if (typeof value === 'object' && value !== null) {
    for (const one of Object.values(value)) collectTexts(one, texts);
  } else if (value !== null && value !== undefined && value !== '') {
    texts.add(String(value));
    texts.add(goQuote(String(value)).slice(1, -1));
  }
}

/** So many characters of a long secret count as a quotation: texts cut off what is too long for them. */
const BEGINNING = 8;

function withoutSecret(text: string, secret: string): string {
  const beginning = secret.slice(0, BEGINNING);
  let clean = '';
  let rest = 0;
  for (let at = text.indexOf(beginning); at >= 0; at = text.indexOf(beginning, rest)) {
    let end = at + beginning.length;
    while (end < text.length && text[end] === secret[end - at]) end += 1;
    clean += `${text.slice(rest, at)}…`;
    rest = end;
  }
  return clean + text.slice(rest);
}
