/** A value of an object that nobody reads who may not: an API key, a password, a header that carries one. */
export interface Credential {
  /** Its field, for messages, such as `spec.mcpServers.files.args[3]`. */
  readonly field: string;
  /** Tells it from all others of its object, whatever else changes; arguments of one program share one. */
  readonly place: string;
  /** A string as a rule; any JSON where the manifest is of free form. Never empty. */
  readonly value: unknown;
  /** All that decides who gets it (address, program), as one text; '' where the value itself says that. */
  recipient(): string;
}

/** @returns what is to stand in place of the value; the value itself changes nothing */
export type ChangeCredential = (credential: Credential) => unknown;

/** Changes every credential of an object of one kind. The same object when nothing changes; it is never written to. */
export type CredentialFields<T extends object = object> = (object: T, change: ChangeCredential) => T;

/** Every credential of an object. */
export function credentialsOf<T extends object>(fields: CredentialFields<T>, object: T): Credential[] {
  const found: Credential[] = [];
  fields(object, (credential) => {
    found.push(credential);
    return credential.value;
  });
  return found;
}

/** The form in which a credential is shown: what it is made with, and 64 bits of it in hexadecimal digits. */
const MASK_PREFIX = 'masked:hmac-sha256:v1:';
const MASK = /^masked:hmac-sha256:v1:[0-9a-f]{16}$/;

export const maskOf = (fingerprint: string): string => MASK_PREFIX + fingerprint.slice(0, 16);

/** Whether a value stands for a credential that whoever has read it may not see. */
export const isMask = (value: unknown): boolean => typeof value === 'string' && MASK.test(value);

/** Whether what has this name is, by the look of it, a credential. */
export function isCredentialName(name: string): boolean {
  return /key|token|secret|passw|passphrase|auth|credential|header|cookie/i.test(name);
}

/** Whether a URL has `user:password@` or `user@` before its host. */
export function hasURLCredential(url: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*@/i.test(url);
}

/** Beginnings that services give their keys so that scanners find them. */
const KNOWN_BEGINNING =
  /^(?:sk-|AKIA|ASIA|AIza|gh[opsu]_|github_pat_|glpat-|xox[abeprs]-|eyJ[\w-]+\.eyJ|Bearer\s|Basic\s)/;

/** Whether a text is, by the look of it, a credential. */
export function isCredentialText(text: string): boolean {
  return isMask(text) || hasURLCredential(text) || KNOWN_BEGINNING.test(text) || /\bbearer\s/i.test(text);
}

/** False for what can hold no secret: nothing at all, an empty text, a switch. */
export function canBeSecret(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return (
    typeof value === 'number' || typeof value === 'bigint' || (typeof value === 'string' && value !== '')
  );
}

/** A map with some of its values changed; the same map when none is. */
export function withChanged<T extends object>(map: T, change: (value: unknown, name: string) => unknown): T {
  let changed: Record<string, unknown> | undefined;
  for (const [name, value] of Object.entries(map)) {
    const next = change(value, name);
    if (next === value) continue;
    changed ??= { ...map } as Record<string, unknown>;
    // Not by assignment: a client may call a field `__proto__`.
    Object.defineProperty(changed, name, {
      value: next,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return (changed as T | undefined) ?? map;
}

/** The same of a list. */
export function withChangedItems(
  list: readonly unknown[],
  change: (value: unknown, index: number) => unknown,
): readonly unknown[] {
  const changed = list.map(change);
  return changed.some((value, index) => value !== list[index]) ? changed : list;
}
