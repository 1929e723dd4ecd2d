import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { readConfiguration } from './authentication-configuration.ts';
import { validateConfiguration } from './validate-configuration.ts';

const issuer = { url: 'https://a', audiences: ['x'] };
const mapped = (more: object = {}) => ({
  issuer,
  claimMappings: { username: { claim: 'sub', prefix: '' }, ...more },
});
const read = (jwt: object[], more: object = {}) =>
  validateConfiguration(
    readConfiguration(
      stringify({
        apiVersion: 'apiserver.config.k8s.io/v1',
        kind: 'AuthenticationConfiguration',
        jwt,
        ...more,
      }),
    ),
    ['https://own'],
  );
const byExpression = (expression: string, more: object = {}) => ({
  issuer,
  claimMappings: { username: { expression } },
  ...more,
});
const BAD_CA = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';

describe('an AuthenticationConfiguration', () => {
  it.each<[string, object[], object?]>([
    ['with nothing in it', []],
    ['of one issuer', [mapped()]],
    ['of several issuers', [mapped(), { ...mapped(), issuer: { ...issuer, url: 'https://b' } }]],
    ['whose groups are not mapped', [mapped({ groups: {} })]],
    ['whose mail is verified', [byExpression('claims.email_verified ? claims.email : ""')]],
    [
      'whose mail is verified by a rule',
      [
        byExpression('claims.email', {
          claimValidationRules: [{ expression: 'claims.?email_verified.orValue(true) == true' }],
        }),
      ],
    ],
    ['with anonymous paths', [], { anonymous: { enabled: true, conditions: [{ path: '/livez' }] } }],
  ])('%s makes sense', (_, jwt, more) => {
    expect(read(jwt, more)).toHaveLength(jwt.length);
  });

  it.each<[string, object[], object?]>([
    ['jwt: Too many: 65: must have at most 64 items', Array.from({ length: 65 }, () => mapped())],
    ['jwt[0].issuer.url: Required value', [{ ...mapped(), issuer: { audiences: ['x'] } }]],
    [
      'jwt[0].issuer.url: Invalid value: "http://a": URL scheme must be https',
      [{ ...mapped(), issuer: { ...issuer, url: 'http://a' } }],
    ],
    [
      'jwt[0].issuer.url: Invalid value: "https://u:p@a": URL must not contain a username or password',
      [{ ...mapped(), issuer: { ...issuer, url: 'https://u:p@a' } }],
    ],
    [
      'jwt[0].issuer.url: Invalid value: "https://a?b": URL must not contain a query',
      [{ ...mapped(), issuer: { ...issuer, url: 'https://a?b' } }],
    ],
    [
      'jwt[0].issuer.url: Invalid value: "https://a#b": URL must not contain a fragment',
      [{ ...mapped(), issuer: { ...issuer, url: 'https://a#b' } }],
    ],
    [
      'jwt[0].issuer.url: Invalid value: "https://own": URL must not overlap with disallowed issuers: [https://own]',
      [{ ...mapped(), issuer: { ...issuer, url: 'https://own' } }],
    ],
    ['jwt[1].issuer.url: Duplicate value: "https://a"', [mapped(), mapped()]],
    [
      'jwt[0].issuer.discoveryURL: Invalid value: "https://a/": discoveryURL must be different from URL',
      [{ ...mapped(), issuer: { ...issuer, discoveryURL: 'https://a/' } }],
    ],
    [
      'jwt[0].issuer.audiences: Required value: at least one jwt[0].issuer.audiences is required',
      [{ ...mapped(), issuer: { url: 'https://a' } }],
    ],
    [
      '[jwt[0].issuer.audiences[1]: Required value, jwt[0].issuer.audienceMatchPolicy: Invalid value: "": audienceMatchPolicy must be MatchAny for multiple audiences]',
      [{ ...mapped(), issuer: { ...issuer, audiences: ['x', ''] } }],
    ],
    [
      'jwt[0].issuer.audienceMatchPolicy: Invalid value: "All": audienceMatchPolicy must be empty or MatchAny for single audience',
      [{ ...mapped(), issuer: { ...issuer, audienceMatchPolicy: 'All' } }],
    ],
    [
      'jwt[0].issuer.certificateAuthority: Invalid value: "<omitted>": data does not contain any valid RSA or ECDSA certificates',
      [{ ...mapped(), issuer: { ...issuer, certificateAuthority: 'no certificate' } }],
    ],
    [
      'jwt[0].issuer.certificateAuthority: Invalid value: "<omitted>"',
      [{ ...mapped(), issuer: { ...issuer, certificateAuthority: BAD_CA } }],
    ],
    [
      'jwt[0].claimMappings.username: Required value: claim or expression is required',
      [{ issuer, claimMappings: {} }],
    ],
    [
      'jwt[0].claimMappings.username.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing',
      [{ issuer, claimMappings: { username: { claim: 'sub' } } }],
    ],
    [
      `jwt[0].claimMappings.username: Invalid value: "": claim and expression can't both be set`,
      [{ issuer, claimMappings: { username: { claim: 'sub', expression: 'claims.sub', prefix: '' } } }],
    ],
    [
      'jwt[0].claimMappings.groups.prefix: Invalid value: "x": may not be specified when expression is set',
      [mapped({ groups: { expression: 'claims.roles', prefix: 'x' } })],
    ],
    [
      'claims.email_verified must be used in claimMappings.username.expression',
      [byExpression("claims.?email.orValue('')")],
    ],
    [
      'jwt[0].claimMappings.uid.expression: Invalid value: "claim.sub": compilation failed: ERROR: <input>:1:1: undeclared reference to',
      [mapped({ uid: { expression: 'claim.sub' } })],
    ],
    [
      'jwt[0].claimMappings.extra[0].key: Invalid value: "team": must be a domain-prefixed path (such as "acme.io/foo")',
      [mapped({ extra: [{ key: 'team', valueExpression: "'a'" }] })],
    ],
    [
      'jwt[0].claimMappings.extra[0].key: Invalid value: "a.k8s.io/x": k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use',
      [mapped({ extra: [{ key: 'a.k8s.io/x', valueExpression: "'a'" }] })],
    ],
    [
      'jwt[0].claimMappings.extra[0].key: Invalid value: "a.io/X": must be lowercase',
      [mapped({ extra: [{ key: 'a.io/X', valueExpression: "'a'" }] })],
    ],
    [
      'jwt[0].claimMappings.extra[0].valueExpression: Required value',
      [mapped({ extra: [{ key: 'a.io/x' }] })],
    ],
    [
      'jwt[0].claimValidationRules[0]: Required value: claim or expression is required',
      [{ ...mapped(), claimValidationRules: [{}] }],
    ],
    [
      'jwt[0].claimValidationRules[0].message: Invalid value: "m": may not be specified when claim is set',
      [{ ...mapped(), claimValidationRules: [{ claim: 'a', message: 'm' }] }],
    ],
    [
      'jwt[0].claimValidationRules[1].claim: Duplicate value: "a"',
      [{ ...mapped(), claimValidationRules: [{ claim: 'a' }, { claim: 'a' }] }],
    ],
    [
      `jwt[0].claimValidationRules[0].expression: Invalid value: "'a'": must evaluate to bool`,
      [{ ...mapped(), claimValidationRules: [{ expression: "'a'" }] }],
    ],
    [
      'jwt[0].userValidationRules[0].expression: Required value',
      [{ ...mapped(), userValidationRules: [{ message: 'm' }] }],
    ],
    ["undefined field 'name'", [{ ...mapped(), userValidationRules: [{ expression: "user.name == 'a'" }] }]],
    [
      'enabled should be set to true when conditions are defined',
      [],
      { anonymous: { enabled: false, conditions: [{ path: '/' }] } },
    ],
    ['strict decoding error: unknown field "jwt[0].claimMapping"', [{ ...mapped(), claimMapping: {} }]],
    ['jwt[0].issuer.audiences: must be a list', [{ ...mapped(), issuer: { ...issuer, audiences: 'x' } }]],
    ['jwt[0].issuer.url: must be a string', [{ ...mapped(), issuer: { ...issuer, url: 7 } }]],
  ])('is refused: %s', (message, jwt, more) => {
    expect(() => read(jwt, more)).toThrow(message);
  });

  it.each([
    ['kind: Config', 'no kind "Config" is registered for version "undefined"'],
    [
      'kind: AuthenticationConfiguration\napiVersion: apiserver.config.k8s.io/v2',
      'no kind "AuthenticationConfiguration" is registered for version "apiserver.config.k8s.io/v2"',
    ],
    ['[]', 'it holds no AuthenticationConfiguration'],
    ['a: 1\na: 2', 'Map keys must be unique'],
  ])('is not %j', (text, message) => {
    expect(() => readConfiguration(text)).toThrow(message);
  });

  it.each(['v1', 'v1beta1', 'v1alpha1'])('may be of version %s', (version) => {
    const text = `apiVersion: apiserver.config.k8s.io/${version}\nkind: AuthenticationConfiguration\njwt: null\n`;
    expect(readConfiguration(text).jwt).toEqual([]);
  });
});
