import { goJson } from '../../machinery/go-text.ts';
import { fieldsOf, isJsonObject, parseJsonText } from '../../machinery/json/json.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { withChanged } from '../../types/credentials/credential.ts';
import type { ChangeCredential, CredentialFields } from '../../types/credentials/credential.ts';

/**
 * Changes the credentials in annotations that hold a copy of their object, as clients that compare three states keep one:
 * kubectl.kubernetes.io/last-applied-configuration, kapp.k14s.io/original and others like them. They are found by what
 * they hold, not by their names.
 */
export function changeCopies(
  object: Unstructured,
  fields: CredentialFields<JsonObject>,
  change: ChangeCredential,
): Unstructured {
  const annotations = object.metadata?.annotations;
  if (!isJsonObject(annotations)) return object;
  const changed = withChanged(annotations, (text) =>
    typeof text === 'string' ? changeCopy(text, fields, change) : text,
  );
  return changed === annotations
    ? object
    : { ...object, metadata: { ...object.metadata, annotations: changed } };
}

/** Written as kubectl writes it (Go's encoding/json), so that a copy of what is masked is the masked copy. */
function changeCopy(text: string, fields: CredentialFields<JsonObject>, change: ChangeCredential): string {
  if (!text.startsWith('{')) return text;
  const copy = parsed(text);
  if (copy === undefined) return text;
  const changed = fields(copy, change);
  if (changed === copy) return text;
  return goJson(changed) + (text.endsWith('\n') ? '\n' : '');
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value = parseJsonText(text);
    return isJsonObject(fieldsOf(value)['spec']) ? fieldsOf(value) : undefined;
  } catch {
    // Some other text in braces.
    return undefined;
  }
}
