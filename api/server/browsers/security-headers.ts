/**
 * Headers of every answer: a browser that is led to one shows no page, runs nothing in it and tells nobody about it
 * (OWASP HTTP Headers). Pages that the server serves on purpose replace the policy by one of their own.
 */
export const SECURITY_HEADERS: readonly (readonly [name: string, value: string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
];

/** Directives of RFC 6797, as `--strict-transport-security-directives` of kube-apiserver takes them. @throws Error, for a person */
export function strictTransportSecurity(directives: readonly string[]): string {
  for (const directive of directives) {
    if (/^(?:includeSubDomains|preload|max-age=\d{1,10})$/.test(directive)) continue;
    throw new Error(
      `${JSON.stringify(directive)} is no directive of Strict-Transport-Security: expected max-age=SECONDS, ` +
        'includeSubDomains or preload',
    );
  }
  if (!directives.some((directive) => directive.startsWith('max-age='))) {
    throw new Error('Strict-Transport-Security needs max-age=SECONDS');
  }
  return directives.join('; ');
}
