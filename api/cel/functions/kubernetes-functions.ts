import { fail } from '../values/evaluation-error.ts';
import type { Declaration } from './function-declaration.ts';
import { Address, Network, parseCidr, parseIp } from '../values/ip-address.ts';
import { NAMED_FORMATS, isRequestUri, uriProblem } from '../values/named-formats.ts';
import type { NamedFormat } from '../values/named-formats.ts';
import { Quantity, readQuantity } from '../../machinery/quantity.ts';
import { Semver, parseSemver, readSemver } from '../values/semver.ts';
import { CelList, LiteralMap, OptionalValue, UrlValue } from '../values/value.ts';
import type { Value } from '../values/value.ts';

/** The libraries of apiserver pkg/cel/library. */

const text = (value: Value | undefined): string => value as string;
const ip = (value: Value | undefined): Address => value as Address;
const cidr = (value: Value | undefined): Network => value as Network;
function parseQuantity(value: string): Quantity {
  const read = readQuantity(value);
  return typeof read === 'string' ? fail(read) : read;
}

const quantity = (value: Value | undefined): Quantity => value as Quantity;
const semver = (value: Value | undefined): Semver => value as Semver;

function isCanonical(value: string): boolean {
  return parseIp(value).toString() === value;
}

/** The text of an address in another; a text that is none is an error. */
const IPS: readonly Declaration[] = [
  ['ip', 'string_to_ip', '(string) -> IP', ([value]) => parseIp(text(value))],
  ['family', 'ip_family', 'IP.() -> int', ([value]) => ip(value).family],
  ['ip.isCanonical', 'ip_is_canonical', '(string) -> bool', ([value]) => isCanonical(text(value))],
  ['isUnspecified', 'ip_is_unspecified', 'IP.() -> bool', ([value]) => ip(value).isUnspecified],
  ['isLoopback', 'ip_is_loopback', 'IP.() -> bool', ([value]) => ip(value).isLoopback],
  [
    'isLinkLocalMulticast',
    'ip_is_link_local_multicast',
    'IP.() -> bool',
    ([value]) => ip(value).isLinkLocalMulticast,
  ],
  [
    'isLinkLocalUnicast',
    'ip_is_link_local_unicast',
    'IP.() -> bool',
    ([value]) => ip(value).isLinkLocalUnicast,
  ],
  ['isGlobalUnicast', 'ip_is_global_unicast', 'IP.() -> bool', ([value]) => ip(value).isGlobalUnicast],
  ['isIP', 'is_ip', '(string) -> bool', ([value]) => Address.parse(text(value)) !== undefined],
  ['string', 'ip_to_string', '(IP) -> string', ([value]) => ip(value).toString()],
  ['cidr', 'string_to_cidr', '(string) -> CIDR', ([value]) => parseCidr(text(value))],
  [
    'containsIP',
    'cidr_contains_ip_string',
    'CIDR.(string) -> bool',
    ([value, other]) => cidr(value).contains(parseIp(text(other))),
  ],
  [
    'containsIP',
    'cidr_contains_ip_ip',
    'CIDR.(IP) -> bool',
    ([value, other]) => cidr(value).contains(ip(other)),
  ],
  [
    'containsCIDR',
    'cidr_contains_cidr_string',
    'CIDR.(string) -> bool',
    ([value, other]) => cidr(value).containsNetwork(parseCidr(text(other))),
  ],
  [
    'containsCIDR',
    'cidr_contains_cidr',
    'CIDR.(CIDR) -> bool',
    ([value, other]) => cidr(value).containsNetwork(cidr(other)),
  ],
  ['ip', 'cidr_ip', 'CIDR.() -> IP', ([value]) => cidr(value).address],
  ['prefixLength', 'cidr_prefix_length', 'CIDR.() -> int', ([value]) => BigInt(cidr(value).length)],
  ['masked', 'cidr_masked', 'CIDR.() -> CIDR', ([value]) => cidr(value).masked()],
  ['isCIDR', 'is_cidr', '(string) -> bool', ([value]) => Network.parse(text(value)) !== undefined],
  ['string', 'cidr_to_string', '(CIDR) -> string', ([value]) => cidr(value).toString()],
];

const QUANTITIES: readonly Declaration[] = [
  ['quantity', 'string_to_quantity', '(string) -> Quantity', ([value]) => parseQuantity(text(value))],
  [
    'isQuantity',
    'is_quantity_string',
    '(string) -> bool',
    ([value]) => Quantity.parse(text(value)) !== undefined,
  ],
  ['sign', 'quantity_sign', '(Quantity) -> int', ([value]) => quantity(value).sign],
  [
    'isGreaterThan',
    'quantity_is_greater_than',
    'Quantity.(Quantity) -> bool',
    ([a, b]) => quantity(a).compare(quantity(b)) === 1,
  ],
  [
    'isLessThan',
    'quantity_is_less_than',
    'Quantity.(Quantity) -> bool',
    ([a, b]) => quantity(a).compare(quantity(b)) === -1,
  ],
  [
    'compareTo',
    'quantity_compare_to',
    'Quantity.(Quantity) -> int',
    ([a, b]) => BigInt(quantity(a).compare(quantity(b))),
  ],
  [
    'asApproximateFloat',
    'quantity_get_float',
    'Quantity.() -> double',
    ([value]) => quantity(value).asFloat(),
  ],
  [
    'asInteger',
    'quantity_get_int',
    'Quantity.() -> int',
    ([value]) => quantity(value).asInteger() ?? fail('cannot convert value to integer'),
  ],
  ['isInteger', 'quantity_is_integer', 'Quantity.() -> bool', ([value]) => quantity(value).isInteger],
  ['add', 'quantity_add', 'Quantity.(Quantity) -> Quantity', ([a, b]) => quantity(a).add(quantity(b))],
  [
    'add',
    'quantity_add_int',
    'Quantity.(int) -> Quantity',
    ([a, b]) => quantity(a).add(Quantity.of(b as bigint)),
  ],
  ['sub', 'quantity_sub', 'Quantity.(Quantity) -> Quantity', ([a, b]) => quantity(a).sub(quantity(b))],
  [
    'sub',
    'quantity_sub_int',
    'Quantity.(int) -> Quantity',
    ([a, b]) => quantity(a).sub(Quantity.of(b as bigint)),
  ],
];

const isSemver = (value: string, normalize: boolean): boolean =>
  readSemver(value, normalize) instanceof Semver;

const SEMVERS: readonly Declaration[] = [
  ['semver', 'string_to_semver', '(string) -> Semver', ([value]) => parseSemver(text(value), false)],
  [
    'semver',
    'string_bool_to_semver',
    '(string, bool) -> Semver',
    ([value, normalize]) => parseSemver(text(value), normalize === true),
  ],
  ['isSemver', 'is_semver_string', '(string) -> bool', ([value]) => isSemver(text(value), false)],
  [
    'isSemver',
    'is_semver_string_bool',
    '(string, bool) -> bool',
    ([value, normalize]) => isSemver(text(value), normalize === true),
  ],
  [
    'isGreaterThan',
    'semver_is_greater_than',
    'Semver.(Semver) -> bool',
    ([a, b]) => semver(a).compare(semver(b)) === 1,
  ],
  [
    'isLessThan',
    'semver_is_less_than',
    'Semver.(Semver) -> bool',
    ([a, b]) => semver(a).compare(semver(b)) === -1,
  ],
  [
    'compareTo',
    'semver_compare_to',
    'Semver.(Semver) -> int',
    ([a, b]) => BigInt(semver(a).compare(semver(b))),
  ],
  ['major', 'semver_major', 'Semver.() -> int', ([value]) => semver(value).major],
  ['minor', 'semver_minor', 'Semver.() -> int', ([value]) => semver(value).minor],
  ['patch', 'semver_patch', 'Semver.() -> int', ([value]) => semver(value).patch],
];

/** Read after Go's net/url, which keeps the text as it is where URL of JavaScript writes it anew. */
const URL_PARTS = /^(?:([A-Za-z][\w+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#.*)?$/s;

function parseUrl(value: string): UrlValue {
  if (isRequestUri(value)) return new UrlValue(value);
  return fail(`URL parse error during conversion from string: ${uriProblem(value)}`);
}

function partsOf(value: Value | undefined): { scheme: string; host: string; path: string; query: string } {
  const [, scheme = '', authority = '', path = '', query = ''] =
    URL_PARTS.exec((value as UrlValue).text) ?? [];
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  return { scheme: scheme.toLowerCase(), host, path, query };
}

const portOf = (host: string): string => /:(\d*)$/.exec(host)?.[1] ?? '';

function hostname(host: string): string {
  const bare = host.replace(/:\d*$/, '');
  return bare.startsWith('[') ? bare.slice(1, -1) : bare;
}

function queryOf(query: string): LiteralMap {
  const map = new LiteralMap();
  const values = new URLSearchParams(query);
  for (const name of new Set(values.keys())) map.set(name, new CelList(values.getAll(name)));
  return map;
}

const URLS: readonly Declaration[] = [
  ['url', 'string_to_url', '(string) -> URL', ([value]) => parseUrl(text(value))],
  ['getScheme', 'url_get_scheme', 'URL.() -> string', ([value]) => partsOf(value).scheme],
  ['getHost', 'url_get_host', 'URL.() -> string', ([value]) => partsOf(value).host],
  ['getHostname', 'url_get_hostname', 'URL.() -> string', ([value]) => hostname(partsOf(value).host)],
  ['getPort', 'url_get_port', 'URL.() -> string', ([value]) => portOf(partsOf(value).host)],
  [
    'getEscapedPath',
    'url_get_escaped_path',
    'URL.() -> string',
    ([value]) => escapedPath(partsOf(value).path),
  ],
  [
    'getQuery',
    'url_get_query',
    'URL.() -> map(string, list(string))',
    ([value]) => queryOf(partsOf(value).query),
  ],
  ['isURL', 'is_url_string', '(string) -> bool', ([value]) => isRequestUri(text(value))],
];

const escapedPath = (path: string): string =>
  path.replaceAll(/[^\w\-.~!$&'()*+,;=:@/%[\]]/gu, encodeURIComponent);

const FORMATS: readonly Declaration[] = [
  [
    'validate',
    'format-validate',
    'Format.(string) -> optional(list(string))',
    ([format, value]) => {
      const problems = (format as NamedFormat).validate(text(value));
      return problems.length === 0 ? OptionalValue.none : new OptionalValue(new CelList(problems));
    },
  ],
  [
    'format.named',
    'format-named',
    '(string) -> optional(Format)',
    ([name]) => {
      const format = NAMED_FORMATS.get(text(name) as 'uri');
      return format === undefined ? OptionalValue.none : new OptionalValue(format);
    },
  ],
  ...[...NAMED_FORMATS].map(([name, format]): Declaration => [
    `format.${name}`,
    `format.${name}`,
    '() -> Format',
    () => format,
  ]),
];

export const KUBERNETES: readonly Declaration[] = [...IPS, ...QUANTITIES, ...SEMVERS, ...URLS, ...FORMATS];
