import { domainPrefixedPathProblems } from '../../machinery/object-name.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { duplicateValue, invalidValue, requiredValue, tooMany } from '../../structural-schema/field-error.ts';
import type {
  AuthenticationConfiguration,
  ClaimValidationRule,
  ExtraMapping,
  JwtIssuerConfiguration,
  PrefixedClaimOrExpression,
  UserValidationRule,
} from './authentication-configuration.ts';
import { compileClaims, compileClaimsRule, compileUserRule, readsClaim } from './claim-expression.ts';
import type { ClaimExpression } from './claim-expression.ts';
import { issuerCauses } from './validate-issuer.ts';

/** An issuer whose configuration makes sense, with its expressions ready to run. */
export interface ValidIssuer {
  readonly configuration: JwtIssuerConfiguration;
  readonly username: ClaimExpression | undefined;
  readonly groups: ClaimExpression | undefined;
  readonly uid: ClaimExpression | undefined;
  readonly extra: readonly { key: string; expression: ClaimExpression }[];
  readonly claimRules: readonly Rule[];
  readonly userRules: readonly Rule[];
}

interface Rule {
  expression: ClaimExpression;
  message: string;
}

const MOST_ISSUERS = 64;

/**
 * The checks of kube-apiserver, with its texts (apiserver pkg/apis/apiserver/validation).
 * @param disallowed issuers that are this server's own
 * @throws Error, for a person, that names every field that makes no sense
 */
export function validateConfiguration(
  { jwt, anonymous }: AuthenticationConfiguration,
  disallowed: readonly string[],
): ValidIssuer[] {
  const findings = new Findings();
  if (jwt.length > MOST_ISSUERS) {
    findings.add([tooMany('jwt', jwt.length, MOST_ISSUERS)]);
    findings.demandNone();
  }
  const repeated = {
    url: new Set(repeats(jwt, ({ issuer }) => issuer.url)),
    discoveryURL: new Set(repeats(jwt, ({ issuer }) => issuer.discoveryURL || undefined)),
  };
  const issuers = jwt.map((one, index) => {
    const at = `jwt[${index}]`;
    const issuer = validIssuer(one, { at, findings, disallowed });
    for (const field of ['url', 'discoveryURL'] as const) {
      if (repeated[field].has(index))
        findings.add([duplicateValue(`${at}.issuer.${field}`, one.issuer[field])]);
    }
    return issuer;
  });
  const conditions = anonymous?.conditions ?? [];
  if (anonymous !== undefined && anonymous.enabled !== true && conditions.length > 0)
    findings.add([
      invalidValue(
        'anonymous.conditions',
        // Upstream shows the field as Go names it.
        conditions.map(({ path: Path }) => ({ Path })),
        'enabled should be set to true when conditions are defined',
      ),
    ]);
  findings.demandNone();
  return issuers;
}

class Findings {
  readonly #causes: StatusCause[] = [];

  add(causes: readonly StatusCause[]): void {
    this.#causes.push(...causes);
  }

  /** The compiled expression; undefined, with a finding, where it does not compile. */
  compile(at: string, source: string, compiled: ClaimExpression | string): ClaimExpression | undefined {
    if (typeof compiled !== 'string') return compiled;
    this.add([invalidValue(at, source, compiled)]);
    return undefined;
  }

  demandNone(): void {
    const all = this.#causes.map(({ field, message }) => `${field ?? ''}: ${message}`);
    const texts = [...new Set(all)];
    if (texts.length > 0) throw new Error(texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`);
  }
}

function* repeats<T>(items: readonly T[], keyOf: (item: T) => string | undefined): Generator<number> {
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    const key = keyOf(item);
    if (key === undefined) continue;
    if (seen.has(key)) yield index;
    seen.add(key);
  }
}

interface Place {
  at: string;
  findings: Findings;
}

function validIssuer(
  configuration: JwtIssuerConfiguration,
  { disallowed, ...place }: Place & { disallowed: readonly string[] },
): ValidIssuer {
  const { at, findings } = place;
  const {
    issuer,
    claimMappings: mappings,
    claimValidationRules = [],
    userValidationRules = [],
  } = configuration;
  findings.add(issuerCauses(issuer, `${at}.issuer`, disallowed));
  const claimRules = validClaimRules(claimValidationRules, { at: `${at}.claimValidationRules`, findings });
  const below = (field: string): Place => ({ at: `${at}.claimMappings.${field}`, findings });
  const username = validMapping(mappings.username, below('username'));
  if (isEmpty(mappings.username))
    findings.add([requiredValue(below('username').at, 'claim or expression is required')]);
  const mapped = {
    configuration,
    username,
    groups: validMapping(mappings.groups ?? {}, below('groups')),
    uid: validMapping({ prefix: '', ...mappings.uid }, below('uid'), false),
    extra: validExtra(mappings.extra ?? [], below('extra')),
    claimRules,
  };
  findings.add(unverifiedEmailCauses(mapped, `${at}.claimMappings.username.expression`));
  const userRules = validUserRules(userValidationRules, { at: `${at}.userValidationRules`, findings });
  return { ...mapped, userRules };
}

const isEmpty = ({ claim = '', expression = '' }: PrefixedClaimOrExpression): boolean =>
  claim === '' && expression === '';

function validMapping(
  { claim = '', prefix, expression = '' }: PrefixedClaimOrExpression,
  { at, findings }: Place,
  hasPrefix = true,
): ClaimExpression | undefined {
  if (claim !== '' && expression !== '') {
    findings.add([invalidValue(at, '', "claim and expression can't both be set")]);
    return undefined;
  }
  if (claim !== '' && prefix === undefined)
    findings.add([
      requiredValue(
        `${at}.prefix`,
        'prefix is required when claim is set. It can be set to an empty string to disable prefixing',
      ),
    ]);
  if (expression === '') return undefined;
  const hasWrongPrefix = hasPrefix && prefix !== undefined;
  if (hasWrongPrefix)
    findings.add([invalidValue(`${at}.prefix`, prefix, 'may not be specified when expression is set')]);
  const compiled = findings.compile(`${at}.expression`, expression, compileClaims(expression));
  return hasWrongPrefix ? undefined : compiled;
}

const RESERVED_DOMAIN = /(^|\.)(kubernetes|k8s)\.io\//;

function validExtra(mappings: readonly ExtraMapping[], { at, findings }: Place): ValidIssuer['extra'] {
  const repeated = new Set(repeats(mappings, ({ key = '' }) => key));
  return mappings.flatMap(({ key = '', valueExpression = '' }, index) => {
    const place = `${at}[${index}]`;
    findings.add(keyCauses(key, `${place}.key`));
    if (repeated.has(index)) findings.add([duplicateValue(`${place}.key`, key)]);
    else if (valueExpression === '') findings.add([requiredValue(`${place}.valueExpression`)]);
    const isUsable = !repeated.has(index) && valueExpression !== '';
    const expression =
      isUsable &&
      findings.compile(`${place}.valueExpression`, valueExpression, compileClaims(valueExpression));
    return expression ? [{ key, expression }] : [];
  });
}

function keyCauses(key: string, at: string): StatusCause[] {
  if (key === '') return [requiredValue(at)];
  return [
    ...domainPrefixedPathProblems(key).map(({ value, problem }) => invalidValue(at, value, problem)),
    ...(key === key.toLowerCase() ? [] : [invalidValue(at, key, 'must be lowercase')]),
    ...(RESERVED_DOMAIN.test(key.slice(0, key.indexOf('/') + 1))
      ? [invalidValue(at, key, 'k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use')]
      : []),
  ];
}

function validClaimRules(rules: readonly ClaimValidationRule[], { at, findings }: Place): Rule[] {
  // Rules that have both, or neither, are refused by themselves.
  const one = (text = '', other = ''): string | undefined => (other === '' && text !== '' ? text : undefined);
  const claims = new Set(repeats(rules, ({ claim, expression }) => one(claim, expression)));
  const expressions = new Set(repeats(rules, ({ claim, expression }) => one(expression, claim)));
  return rules.flatMap((rule, index) => {
    const { claim = '', requiredValue: value = '', expression = '', message = '' } = rule;
    const place = `${at}[${index}]`;
    if (claim !== '' && expression !== '')
      findings.add([invalidValue(place, claim, "claim and expression can't both be set")]);
    else if (claim === '' && expression === '')
      findings.add([requiredValue(place, 'claim or expression is required')]);
    else if (claim !== '') {
      if (message !== '')
        findings.add([invalidValue(`${place}.message`, message, 'may not be specified when claim is set')]);
      if (claims.has(index)) findings.add([duplicateValue(`${place}.claim`, claim)]);
    } else {
      if (value !== '')
        findings.add([
          invalidValue(`${place}.requiredValue`, value, 'may not be specified when expression is set'),
        ]);
      if (expressions.has(index)) findings.add([duplicateValue(`${place}.expression`, expression)]);
      else
        return ruleOf(
          findings.compile(`${place}.expression`, expression, compileClaimsRule(expression)),
          message,
        );
    }
    return [];
  });
}

function validUserRules(rules: readonly UserValidationRule[], { at, findings }: Place): Rule[] {
  const repeated = new Set(repeats(rules, ({ expression }) => expression || undefined));
  return rules.flatMap(({ expression = '', message = '' }, index) => {
    const place = `${at}[${index}].expression`;
    if (expression === '') findings.add([requiredValue(place)]);
    else if (repeated.has(index)) findings.add([duplicateValue(place, expression)]);
    else return ruleOf(findings.compile(place, expression, compileUserRule(expression)), message);
    return [];
  });
}

const ruleOf = (expression: ClaimExpression | undefined, message: string): Rule[] =>
  expression === undefined ? [] : [{ expression, message }];

/** An address that the provider has not verified may be anybody's; the plain claim is looked at by itself. */
function unverifiedEmailCauses(
  { username, extra, claimRules }: Omit<ValidIssuer, 'userRules'>,
  at: string,
): StatusCause[] {
  if (username === undefined || !readsClaim(username.root, 'email')) return [];
  const others = [username, ...[...extra, ...claimRules].map(({ expression }) => expression)];
  if (others.some(({ root }) => readsClaim(root, 'email_verified'))) return [];
  return [
    invalidValue(
      at,
      username.source,
      'claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression',
    ),
  ];
}
