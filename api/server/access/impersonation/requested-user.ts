import type { Credentials, HeaderLine } from '../../../authentication/authenticator.ts';
import { unescapeExtraKey } from '../../../authentication/extra-key.ts';
import { goQuote } from '../../../machinery/go-text.ts';
import { badRequest } from '../../../machinery/status-error.ts';

/** The user that a request wants to be, as its headers say it: nothing is added, nobody has allowed it yet. */
export interface RequestedUser {
  name: string;
  /** '' where none is asked for. */
  uid: string;
  groups: readonly string[];
  extra: ReadonlyMap<string, readonly string[]>;
}

/** Begins the names of all headers of impersonation, in lower case. */
export const IMPERSONATION_PREFIX = 'impersonate-';
const EXTRA_PREFIX = `${IMPERSONATION_PREFIX}extra-`;

/**
 * Undefined when the request wants to be nobody else (apiserver endpoints/filters/impersonation
 * processImpersonationHeaders).
 * @throws StatusError BadRequest for anything without the name of a user
 */
export function requestedUser({ headerLinesWithPrefix }: Credentials): RequestedUser | undefined {
  const lines = headerLinesWithPrefix(IMPERSONATION_PREFIX);
  if (lines.length === 0) return undefined;
  const valuesOf = (name: string): string[] =>
    lines.filter((line) => line.name === IMPERSONATION_PREFIX + name).map(({ value }) => value);
  const [name = ''] = valuesOf('user');
  const [uid = ''] = valuesOf('uid');
  const user: RequestedUser = { name, uid, groups: valuesOf('group'), extra: extraOf(lines) };
  if (name !== '') return user;
  if (uid === '' && user.groups.length === 0 && user.extra.size === 0) return undefined;
  throw badRequest(`requested ${goText(user)} without impersonating a user name`);
}

function extraOf(lines: readonly HeaderLine[]): Map<string, string[]> {
  const extra = new Map<string, string[]>();
  for (const { name, value } of lines) {
    if (!name.startsWith(EXTRA_PREFIX)) continue;
    const key = unescapeExtraKey(name.slice(EXTRA_PREFIX.length));
    const values = extra.get(key);
    if (values === undefined) extra.set(key, [value]);
    else values.push(value);
  }
  return extra;
}

/** `%#v` of the user as the program in Go holds it: people look for this text. */
function goText({ name, uid, groups, extra }: RequestedUser): string {
  const list = (values: readonly string[]): string => `[]string{${values.map(goQuote).join(', ')}}`;
  const pairs = [...extra].toSorted(([one], [other]) => (one < other ? -1 : 1));
  const map = pairs.map(([key, values]) => `${goQuote(key)}:${list(values)}`).join(', ');
  return (
    `&user.DefaultInfo{Name:${goQuote(name)}, UID:${goQuote(uid)}, ` +
    `Groups:${groups.length === 0 ? '[]string(nil)' : list(groups)}, ` +
    `Extra:map[string][]string${extra.size === 0 ? '(nil)' : `{${map}}`}}`
  );
}
