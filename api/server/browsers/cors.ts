/**
 * Which pages of other origins may call this server from a browser (apiserver pkg/server/filters/cors.go). Nobody but
 * those that an administrator names may.
 */
export interface CorsPolicy {
  /** `origin` is that of the header; undefined when a request names none. */
  allows(origin: string | undefined): boolean;
  /** The headers of an answer to a page of that origin; none for an origin that is not allowed. */
  headersFor(origin: string | undefined): Readonly<Record<string, string>>;
}

/** Longer ones are not looked at: an expression of an administrator may be slow on a long text. */
const LONGEST_ORIGIN = 300;
const NO_HEADERS = Object.freeze({});

/**
 * `patterns` are regular expressions, as `--cors-allowed-origins` of kube-apiserver takes them.
 * @throws Error, for a person, for a pattern that matches more than somebody may have meant
 */
export function createCorsPolicy(patterns: readonly string[]): CorsPolicy {
  const expressions = patterns.map(compile);
  const allows = (origin: string | undefined): boolean =>
    origin !== undefined &&
    origin.length <= LONGEST_ORIGIN &&
    expressions.some((expression) => expression.test(origin));
  return {
    allows,
    headersFor: (origin) => (allows(origin) ? allowing(origin ?? '') : NO_HEADERS),
  };
}

function compile(pattern: string): RegExp {
  // Without its ends `example.com` would also match https://example.com.attacker.org.
  if (!/^(?:\^|\/\/)/.test(pattern) || !/(?:\$|:)$/.test(pattern)) {
    throw new Error(
      `the allowed origin ${JSON.stringify(pattern)} must begin with ^ or // and end with $ or :, ` +
        'such as ^https://console\\.example\\.org$',
    );
  }
  try {
    return new RegExp(pattern);
  } catch {
    throw new Error(`the allowed origin ${JSON.stringify(pattern)} is not a regular expression`);
  }
}

const allowing = (origin: string): Record<string, string> => ({
  'access-control-allow-origin': origin,
  'access-control-allow-methods': 'POST, GET, OPTIONS, PUT, DELETE, PATCH',
  'access-control-allow-headers':
    'Content-Type, Content-Length, Accept-Encoding, X-CSRF-Token, Authorization, X-Requested-With, If-Modified-Since',
  'access-control-expose-headers': 'Date, Audit-Id, Retry-After',
  'access-control-allow-credentials': 'true',
  // A cache must not show one page the answer that another one got.
  vary: 'Origin',
});
