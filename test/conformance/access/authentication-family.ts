import fc from 'fast-check';

/** A question of test/go/authentication-judge. */
export interface AuthenticationQuestion {
  configuration: object;
  /** Issuers that are the server's own. */
  disallowed: readonly string[];
}

export interface AuthenticationAnswer {
  problem: string;
}

export const OWN_ISSUER = 'https://own.example';

const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined, freq: 2 });

/** Without the fields that are undefined, as they would stand in a file. */
const record = (fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> =>
  fc
    .record(fields)
    .map((value) => Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)));

/** Without `https://`: Go reads it, and nobody could call it. */
const url = fc.constantFrom(
  'https://a.example',
  'https://a.example/',
  'https://b.example/path',
  OWN_ISSUER,
  '',
  'http://a.example',
  'https://user@a.example',
  'https://user:pw@a.example',
  'https://a.example?q=1',
  'https://a.example?',
  'https://a.example#f',
  'https://a.example/#',
  'a.example',
  '/path',
  'HTTPS://a.example',
  'https://a.example:port',
  'https://a example',
  'https://a.example/%zz',
  ':',
  'ftp://u:p@a?b#c',
);
const audience = fc.constantFrom('one', 'two', '');
const claim = fc.constantFrom('sub', 'email', 'groups', '', 'a b');
const expression = fc.constantFrom(
  '',
  'claims.sub',
  'claims.email',
  'claims.?email.orValue("")',
  'claims.email_verified ? claims.email : claims.sub',
  'claims.?email_verified.orValue(true) == true',
  'claims.groups.split(",")',
  'claims.exp - claims.nbf <= 86400',
  '"text"',
  'true',
  '1',
  '"a" + "b" == "ab"',
  'has(claims.email) && has(claims.email_verified)',
  'unknown.sub',
  'user.username',
  'claims.sub.nope()',
  '1 + "a"',
  'claims.all(c, c == "email")',
);
const userExpression = fc.constantFrom(
  '',
  'true',
  '1',
  'user.username',
  "!user.username.startsWith('system:')",
  "user.groups.all(group, !group.startsWith('system:'))",
  'has(user.uid) && user.uid != ""',
  'user.extra["example.org/a"].size() == 1',
  'user.nope == ""',
  'claims.sub == ""',
  'user.username == 1',
);
const text = fc.constantFrom('', 'prefix:', 'with "quotes"');

const issuer = record({
  url,
  discoveryURL: optional(url),
  audiences: optional(fc.array(audience, { maxLength: 3 })),
  audienceMatchPolicy: optional(fc.constantFrom('', 'MatchAny', 'MatchAll')),
});
const claimRule = record({
  claim: optional(claim),
  requiredValue: optional(text),
  expression: optional(expression),
  message: optional(text),
});
const userRule = record({ expression: optional(userExpression), message: optional(text) });
const mapping = record({ claim: optional(claim), expression: optional(expression) });
const prefixed = record({ claim: optional(claim), expression: optional(expression), prefix: optional(text) });
const extra = record({
  key: fc.constantFrom(
    'example.org/a',
    'example.org/b',
    'example.org/A',
    'Example.org/a',
    'a',
    '',
    '/',
    'example.org/',
    '/a',
    'k8s.io/a',
    'x.kubernetes.io/a/b',
    'notk8s.io/a',
    'example.org/a b',
    'example.org/a%zz',
  ),
  valueExpression: optional(expression),
});
const jwt = record({
  issuer,
  claimValidationRules: optional(fc.array(claimRule, { maxLength: 4 })),
  claimMappings: record({
    username: optional(prefixed),
    groups: optional(prefixed),
    uid: optional(mapping),
    extra: optional(fc.array(extra, { maxLength: 4 })),
  }),
  userValidationRules: optional(fc.array(userRule, { maxLength: 3 })),
});

/** Configurations in which any field may be wrong, each in a way that somebody has tried. */
export const configurations: fc.Arbitrary<AuthenticationQuestion> = record({
  jwt: fc.array(jwt, { maxLength: 3 }),
  anonymous: optional(
    record({
      enabled: fc.boolean(),
      conditions: optional(fc.array(fc.record({ path: fc.constantFrom('/livez', '') }), { maxLength: 2 })),
    }),
  ),
}).map((fields) => ({
  configuration: {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthenticationConfiguration',
    ...fields,
  },
  disallowed: [OWN_ISSUER],
}));
