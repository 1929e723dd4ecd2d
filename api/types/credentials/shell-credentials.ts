import { goJson } from '../../machinery/go-text.ts';
import { isJsonObject } from '../../machinery/json/json.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import { canBeSecret, isMask, withChanged, withChangedItems } from './credential.ts';
import type { ChangeCredential } from './credential.ts';
import { isSecretModelText } from './model-credentials.ts';

/**
 * Changes the credentials of a Shell, which is no place for them: all that it says is copied into what its Tasks ran with.
 * A Shell that has one is therefore not ready, so only what certainly is one counts: variables that are named like one and
 * hold neither a number, a switch nor a path, and texts that look like one.
 */
export function changeShell(spec: JsonObject, change: ChangeCredential): JsonObject {
  const recipient = (): string => recipientOf(spec);
  const at = (path: readonly (number | string)[], value: unknown): unknown =>
    change({ field: ['spec', ...path].join('.'), place: JSON.stringify(path), value, recipient });
  return withChanged(spec, (value, name) => {
    if (name === 'env' && isJsonObject(value)) {
      return withChanged(value, (one, variable) =>
        isSecretVariable(variable, one) ? at([name, variable], one) : one,
      );
    }
    return name === 'command' || name === 'options' ? changeTexts(value, [name], at) : value;
  });
}

type ChangeAt = (path: readonly (number | string)[], value: unknown) => unknown;

function changeTexts(value: unknown, path: readonly (number | string)[], at: ChangeAt): unknown {
  if (Array.isArray(value))
    return withChangedItems(value, (item, index) => changeTexts(item, [...path, index], at));
  if (isJsonObject(value)) return withChanged(value, (one, name) => changeTexts(one, [...path, name], at));
  return typeof value === 'string' && isSecretModelText(value) ? at(path, value) : value;
}

const NAMED =
  /(?:^|_)(?:(?:API_?|ACCESS_?|PRIVATE_?|SECRET_?)?KEY|[A-Z]*TOKEN|SECRET|PASSW(?:OR)?D|PASSPHRASE|CREDENTIALS?|COOKIE|AUTHORIZATION)$/i;

/** Limits, switches, files and folders. */
const NO_CREDENTIAL = /^(?:\d+|true|false|yes|no|on|off|none|auto|[/~.].*)$/i;

/** Whether a variable of a program certainly has a credential for its value. */
export function isSecretVariable(name: string, value: unknown): boolean {
  if (typeof value !== 'string' || !canBeSecret(value)) return false;
  if (isMask(value) || isSecretModelText(value)) return true;
  return NAMED.test(name) && !NO_CREDENTIAL.test(value);
}

/** The program that runs with it. */
function recipientOf({ shellType, runtime, baseImage, baseShellRef, command }: JsonObject): string {
  return goJson([shellType ?? '', runtime ?? '', baseImage ?? '', baseShellRef ?? '', command ?? []]);
}
