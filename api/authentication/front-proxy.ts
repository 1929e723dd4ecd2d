import type { Clock } from '../machinery/clock.ts';
import { unauthorized } from './authenticator.ts';
import type { Authenticator, Credentials, HeaderLine } from './authenticator.ts';
import { unescapeExtraKey } from './extra-key.ts';
import type { AuthorityFile } from './certificates/authority-file.ts';
import { commonName } from './certificates/certificate-user.ts';

/** The headers in which a front proxy names the user. Names of headers have no case. */
export interface FrontProxyHeaders {
  /** The first one that has a value counts. */
  username: readonly string[];
  uid: readonly string[];
  /** All values of all of them count. */
  group: readonly string[];
  /** The key follows, percent-encoded. */
  extraPrefix: readonly string[];
}

export const STANDARD_HEADERS: FrontProxyHeaders = {
  username: ['x-remote-user'],
  uid: ['x-remote-uid'],
  group: ['x-remote-group'],
  extraPrefix: ['x-remote-extra-'],
};

export interface FrontProxyOptions {
  authorities: Pick<AuthorityFile, 'current'>;
  /** Common names of the certificates of proxies; empty: any that the authorities have signed. */
  allowedNames: readonly string[];
  headers: FrontProxyHeaders;
  clock: Clock;
}

/**
 * Believes a proxy that has logged the user in itself. The proxy shows a certificate of an authority that signs for
 * proxies only (apiserver authentication/request/headerrequest); headers of anybody else mean nothing.
 */
export function createFrontProxyAuthenticator(options: FrontProxyOptions): Authenticator {
  const { authorities, allowedNames, clock } = options;
  const headers = lowerCase(options.headers);
  return {
    async authenticate(credentials) {
      const certificate = credentials.clientCertificate();
      if (certificate === undefined) return undefined;
      authorities.current().verify(certificate, clock.now());
      const name = commonName(certificate.leaf) ?? '';
      if (allowedNames.length > 0 && !allowedNames.includes(name))
        throw unauthorized(new Error(`x509: subject with cn=${name} is not in the allowed list`));
      return userOf(credentials, headers);
    },
  };
}

function userOf(credentials: Credentials, headers: FrontProxyHeaders) {
  const name = onlyValue(credentials, headers.username);
  if (name === undefined) return undefined;
  const uid = onlyValue(credentials, headers.uid);
  const groups = headers.group.flatMap((one) => credentials.headerLines(one)).filter((one) => one !== '');
  const extra = extraOf(credentials, headers.extraPrefix);
  return {
    name,
    ...(uid === undefined ? {} : { uid }),
    groups,
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

/**
 * Stricter than kube-apiserver, which takes the first of several lines: a proxy that lets through what its client
 * sent, and adds its own, must not make that client anybody.
 */
function onlyValue(credentials: Credentials, names: readonly string[]): string | undefined {
  for (const name of names) {
    const values = credentials.headerLines(name).filter((one) => one !== '');
    if (values.length > 1) throw unauthorized(new Error(`the proxy sent several lines of ${name}`));
    if (values[0] !== undefined) return values[0];
  }
  return undefined;
}

function extraOf(credentials: Credentials, prefixes: readonly string[]): Record<string, string[]> {
  const lines: HeaderLine[] = prefixes.flatMap((prefix) =>
    credentials
      .headerLinesWithPrefix(prefix)
      .map(({ name, value }) => ({ name: unescapeExtraKey(name.slice(prefix.length)), value })),
  );
  const keys = new Set(lines.map(({ name }) => name));
  return Object.fromEntries(
    [...keys].map((key) => [key, lines.filter(({ name }) => name === key).map(({ value }) => value)]),
  );
}

const lowerCase = ({ username, uid, group, extraPrefix }: FrontProxyHeaders): FrontProxyHeaders => {
  const lower = (names: readonly string[]): string[] => names.map((name) => name.trim().toLowerCase());
  return { username: lower(username), uid: lower(uid), group: lower(group), extraPrefix: lower(extraPrefix) };
};

/** Whether a header, in lower case, says who a request is from, to whom one has to believe it. */
export function isFrontProxyHeader(name: string, headers: FrontProxyHeaders): boolean {
  const { username, uid, group, extraPrefix } = lowerCase(headers);
  return (
    [...username, ...uid, ...group].includes(name) || extraPrefix.some((prefix) => name.startsWith(prefix))
  );
}
