import { goQuote } from '../../machinery/go-text.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { duplicateValue, invalidValue, requiredValue } from '../../structural-schema/field-error.ts';
import { parseCertificates } from '../certificates/parse-certificates.ts';
import type { IssuerConfiguration } from './authentication-configuration.ts';

const MATCH_ANY = 'MatchAny';

/** Lists the faults in the address of an issuer and in the audiences of its tokens (apiserver validateIssuer). */
export function issuerCauses(
  issuer: IssuerConfiguration,
  at: string,
  disallowed: readonly string[],
): StatusCause[] {
  const { url, discoveryURL = '', certificateAuthority = '', egressSelectorType = '' } = issuer;
  return [
    ...(url === '' ? [requiredValue(`${at}.url`)] : urlCauses(url, `${at}.url`, disallowed)),
    ...(discoveryURL === '' ? [] : discoveryCauses(url, discoveryURL, `${at}.discoveryURL`)),
    ...audienceCauses(issuer, at),
    ...(certificateAuthority === ''
      ? []
      : certificateCauses(certificateAuthority, `${at}.certificateAuthority`)),
    ...(egressSelectorType === ''
      ? []
      : [
          invalidValue(`${at}.egressSelectorType`, egressSelectorType, 'this server has no egress selectors'),
        ]),
  ];
}

function discoveryCauses(url: string, discoveryURL: string, at: string): StatusCause[] {
  const bare = (text: string): string => text.replace(/\/+$/, '');
  const isSame = url !== '' && bare(url) === bare(discoveryURL);
  return [
    ...(isSame ? [invalidValue(at, discoveryURL, 'discoveryURL must be different from URL')] : []),
    ...urlCauses(discoveryURL, at, []),
  ];
}

function urlCauses(text: string, at: string, disallowed: readonly string[]): StatusCause[] {
  const invalid = (why: string): StatusCause => invalidValue(at, text, why);
  const causes = disallowed.includes(text)
    ? [invalid(`URL must not overlap with disallowed issuers: [${[...disallowed].toSorted().join(' ')}]`)]
    : [];
  const { scheme, authority = '', query = '', fragment = '' } = PARTS.exec(text)?.groups ?? {};
  const unreadable = unreadableFor(text, scheme);
  if (unreadable !== undefined) return [...causes, invalid(`parse ${goQuote(text)}: ${unreadable}`)];
  return [
    ...causes,
    ...(scheme?.toLowerCase() === 'https' ? [] : [invalid('URL scheme must be https')]),
    ...(authority.includes('@') ? [invalid('URL must not contain a username or password')] : []),
    ...(query === '' ? [] : [invalid('URL must not contain a query')]),
    ...(fragment === '' ? [] : [invalid('URL must not contain a fragment')]),
  ];
}

/** Why no address is in it, about as Go says it; undefined where one is. */
function unreadableFor(text: string, scheme: string | undefined): string | undefined {
  if (scheme === '') return 'missing protocol scheme';
  const [escape] = /%(?![0-9a-f]{2}).{0,2}/i.exec(text.split(/[?#]/, 1)[0] ?? '') ?? [];
  if (escape !== undefined) return `invalid URL escape ${goQuote(escape)}`;
  return scheme !== undefined && URL.parse(text) === null ? 'invalid URL' : undefined;
}

/** RFC 3986, appendix B: a reference without a scheme has parts, too. */
const PARTS =
  /^(?:(?<scheme>[^:/?#]*):)?(?:\/\/(?<authority>[^/?#]*))?[^?#]*(?:\?(?<query>[^#]*))?(?:#(?<fragment>.*))?$/s;

function audienceCauses({ audiences = [], audienceMatchPolicy = '' }: IssuerConfiguration, at: string) {
  if (audiences.length === 0)
    return [requiredValue(`${at}.audiences`, `at least one ${at}.audiences is required`)];
  const policyAt = `${at}.audienceMatchPolicy`;
  const isAny = audienceMatchPolicy === MATCH_ANY;
  const causes = audiences.flatMap((audience, index) => [
    ...(audience === '' ? [requiredValue(`${at}.audiences[${index}]`)] : []),
    ...(audiences.indexOf(audience) < index ? [duplicateValue(`${at}.audiences[${index}]`, audience)] : []),
  ]);
  if (audiences.length > 1 && !isAny)
    causes.push(
      invalidValue(
        policyAt,
        audienceMatchPolicy,
        'audienceMatchPolicy must be MatchAny for multiple audiences',
      ),
    );
  if (audiences.length === 1 && audienceMatchPolicy !== '' && !isAny)
    causes.push(
      invalidValue(
        policyAt,
        audienceMatchPolicy,
        'audienceMatchPolicy must be empty or MatchAny for single audience',
      ),
    );
  return causes;
}

function certificateCauses(pem: string, at: string): StatusCause[] {
  try {
    parseCertificates(pem);
    return [];
  } catch (error) {
    return [invalidValue(at, '<omitted>', (error as Error).message)];
  }
}
