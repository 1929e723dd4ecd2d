import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { ApiRates } from '#api/config';
import { addValue, commaSeparated } from './flag-values.ts';

/** How the API server meets browsers, proxies, and clients that ask too often. */
export interface EdgeFlags {
  corsAllowedOrigins?: string[];
  strictTransportSecurityDirectives?: string[];
  trustedProxy?: string[];
  rateLimit?: ApiRates;
}

export function addEdgeFlags(command: Command): Command {
  return command
    .option(
      '--cors-allowed-origins <expressions>',
      'origins, as regular expressions between ^ and $, whose pages may call the API (none)',
      commaSeparated,
    )
    .option(
      '--strict-transport-security-directives <directives>',
      'directives of Strict-Transport-Security, such as max-age=31536000,includeSubDomains (no header)',
      commaSeparated,
    )
    .option(
      '--trusted-proxy <network>',
      'network of a proxy whose X-Forwarded-For is believed, again for more, such as 10.0.0.0/8 (none)',
      addValue,
    )
    .option(
      '--rate-limit <class=rates>',
      'requests of one client, again for more classes (api=20000/10s, login=10/min,100/h, sensitive=10/min, webhook=120/min; none for no limit)',
      addRates,
    );
}

/** What the flags say; what they leave out has its default. */
export function edgeOf(flags: EdgeFlags) {
  const { corsAllowedOrigins, strictTransportSecurityDirectives, trustedProxy, rateLimit } = flags;
  return {
    ...(corsAllowedOrigins === undefined ? {} : { corsAllowedOrigins }),
    ...(strictTransportSecurityDirectives === undefined
      ? {}
      : { strictTransportSecurity: strictTransportSecurityDirectives }),
    ...(trustedProxy === undefined ? {} : { trustedProxies: trustedProxy }),
    ...(rateLimit === undefined ? {} : { rates: rateLimit }),
  };
}

function addRates(text: string, rates: ApiRates | undefined): ApiRates {
  const [, endpoint = '', given = ''] = /^(api|login|sensitive|webhook)=(.+)$/.exec(text) ?? [];
  if (endpoint === '') {
    throw new InvalidArgumentError(
      'expected a class (api, login, sensitive or webhook) and its rates, such as login=10/min,100/h',
    );
  }
  return { ...rates, [endpoint]: given === 'none' ? [] : given.split(',').map(rateOf) };
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, min: 60, h: 3600 };

/** Such as `10/min`, `20000/10s`, `5/h`. */
function rateOf(text: string): { requests: number; seconds: number } {
  const [, requests = '', count = '1', unit = ''] =
    /^([1-9]\d{0,8})\/([1-9]\d{0,3})?(s|min|h)$/.exec(text.trim()) ?? [];
  if (requests === '') {
    throw new InvalidArgumentError('expected rates such as 10/min, 20000/10s or 100/h, or none');
  }
  return { requests: Number(requests), seconds: Number(count) * (UNIT_SECONDS[unit] ?? 1) };
}
