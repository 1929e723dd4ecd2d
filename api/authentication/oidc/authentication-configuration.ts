import { parseDocument } from 'yaml';
import { goQuote } from '../../machinery/go-text.ts';
import { isJsonObject } from '../../machinery/json/json.ts';

/**
 * How JSON Web Tokens of other issuers log users in: kind AuthenticationConfiguration of apiserver.config.k8s.io, whose
 * versions differ in nothing that is read here (apiserver pkg/apis/apiserver/v1/types.go).
 */
export interface AuthenticationConfiguration {
  jwt: readonly JwtIssuerConfiguration[];
  anonymous?: AnonymousConfiguration;
}

export interface AnonymousConfiguration {
  enabled?: boolean;
  /** Exact paths; without any, the anonymous may come everywhere. */
  conditions?: readonly { path: string }[];
}

export interface JwtIssuerConfiguration {
  issuer: IssuerConfiguration;
  claimValidationRules?: readonly ClaimValidationRule[];
  claimMappings: ClaimMappings;
  userValidationRules?: readonly UserValidationRule[];
}

export interface IssuerConfiguration {
  /** As in the claim `iss`. */
  url: string;
  /** Where the metadata is; absent: below `url`. */
  discoveryURL?: string;
  /** PEM. */
  certificateAuthority?: string;
  audiences?: readonly string[];
  audienceMatchPolicy?: string;
  egressSelectorType?: string;
}

export interface ClaimValidationRule {
  claim?: string;
  requiredValue?: string;
  expression?: string;
  message?: string;
}

export interface UserValidationRule {
  expression?: string;
  message?: string;
}

export interface ClaimMappings {
  username: PrefixedClaimOrExpression;
  groups?: PrefixedClaimOrExpression;
  uid?: ClaimOrExpression;
  extra?: readonly ExtraMapping[];
}

export interface ClaimOrExpression {
  claim?: string;
  expression?: string;
}

export interface PrefixedClaimOrExpression extends ClaimOrExpression {
  prefix?: string;
}

export interface ExtraMapping {
  key?: string;
  valueExpression?: string;
}

const GROUP = 'apiserver.config.k8s.io';
const VERSIONS = new Set<unknown>(['v1', 'v1beta1', 'v1alpha1'].map((version) => `${GROUP}/${version}`));

/** The shape of a value: a type, a list of one shape, or fields. */
type Shape = 'boolean' | 'string' | { readonly [field: string]: Shape } | readonly [Shape];

const CLAIM_OR_EXPRESSION = { claim: 'string', expression: 'string' } as const;
const SHAPE: Shape = {
  apiVersion: 'string',
  kind: 'string',
  jwt: [
    {
      issuer: {
        url: 'string',
        discoveryURL: 'string',
        certificateAuthority: 'string',
        audiences: ['string'],
        audienceMatchPolicy: 'string',
        egressSelectorType: 'string',
      },
      claimValidationRules: [
        { claim: 'string', requiredValue: 'string', expression: 'string', message: 'string' },
      ],
      claimMappings: {
        username: { ...CLAIM_OR_EXPRESSION, prefix: 'string' },
        groups: { ...CLAIM_OR_EXPRESSION, prefix: 'string' },
        uid: CLAIM_OR_EXPRESSION,
        extra: [{ key: 'string', valueExpression: 'string' }],
      },
      userValidationRules: [{ expression: 'string', message: 'string' }],
    },
  ],
  anonymous: { enabled: 'boolean', conditions: [{ path: 'string' }] },
};

/**
 * Reads YAML or JSON, strictly: a field that nobody knows may be a rule that somebody relies on.
 * @throws Error, for a person, where it cannot be read
 */
export function readConfiguration(text: string): AuthenticationConfiguration {
  const document = parseDocument(text);
  const [problem] = document.errors;
  if (problem !== undefined) throw new Error(problem.message.split('\n')[0]);
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  if (!isJsonObject(value)) throw new Error('it holds no AuthenticationConfiguration');
  const { apiVersion, kind } = value;
  if (kind !== 'AuthenticationConfiguration' || !VERSIONS.has(apiVersion))
    throw new Error(
      `no kind ${goQuote(String(kind))} is registered for version ${goQuote(String(apiVersion))}`,
    );
  const problems = [...problemsOf(value, SHAPE, '')];
  if (problems.length > 0) throw new Error(`strict decoding error: ${problems.join(', ')}`);
  return withoutNulls(value) as unknown as AuthenticationConfiguration;
}

function* problemsOf(value: unknown, shape: Shape, at: string): Generator<string> {
  if (value === null || value === undefined) return;
  if (typeof shape === 'string') {
    if (typeof value !== shape) yield `${at}: must be a ${shape}`;
  } else if (isList(shape)) {
    if (!Array.isArray(value)) yield `${at}: must be a list`;
    else for (const [index, item] of value.entries()) yield* problemsOf(item, shape[0], `${at}[${index}]`);
  } else if (isJsonObject(value)) {
    for (const [name, child] of Object.entries(value)) {
      const place = at === '' ? name : `${at}.${name}`;
      const known = Object.hasOwn(shape, name) ? shape[name] : undefined;
      if (known === undefined) yield `unknown field ${goQuote(place)}`;
      else yield* problemsOf(child, known, place);
    }
  } else yield `${at}: must be an object`;
}

const isList = (shape: Exclude<Shape, string>): shape is readonly [Shape] => Array.isArray(shape);

/** A null is as good as nothing, as Go decodes it. */
function withoutNulls(configuration: Record<string, unknown>): Record<string, unknown> {
  const clean = dropNulls(configuration) as Record<string, unknown>;
  const issuers = (clean['jwt'] ?? []) as Record<string, unknown>[];
  return { ...clean, jwt: issuers.map(withAllParts) };
}

/** Fills in the fields that validation reads. */
function withAllParts(issuer: Record<string, unknown>): Record<string, unknown> {
  const { issuer: own, claimMappings } = issuer as Record<string, Record<string, unknown> | undefined>;
  return { ...issuer, issuer: { url: '', ...own }, claimMappings: { username: {}, ...claimMappings } };
}

function dropNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => dropNulls(item) ?? {});
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(([, child]) => child !== null);
  return Object.fromEntries(kept.map(([name, child]) => [name, dropNulls(child)]));
}
