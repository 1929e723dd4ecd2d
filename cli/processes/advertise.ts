import { isIP } from 'node:net';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';

/** Flags that say under which addresses clients reach the API server. */
export interface AdvertiseFlags {
  /** `https://HOST[:PORT]`, without a slash at the end. */
  advertiseUrl?: string;
  tlsSan?: string[];
}

export function addAdvertiseFlags(command: Command): Command {
  return command
    .option(
      '--advertise-url <url>',
      'https://HOST[:PORT] that clients use, such as that of a load balancer: named by the kubeconfig and the certificate',
      parseAdvertiseURL,
    )
    .option(
      '--tls-san <name>',
      'one more name or address of the certificate; any number of times',
      collectName,
    );
}

export function parseAdvertiseURL(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const bare = url !== undefined && url.pathname === '/' && url.search + url.hash + url.username === '';
  // What follows the host, such as an empty query, is no part of the URL's own text.
  if (url?.protocol !== 'https:' || !bare || /[?#@]/.test(text)) {
    throw new InvalidArgumentError('expected https://HOST[:PORT], such as https://troupe.example.com:7443');
  }
  const host = hostOf(url.origin);
  if (host === '0.0.0.0' || host === '::' || !isName(host) || host.startsWith('*')) {
    throw new InvalidArgumentError('expected a host that clients can reach');
  }
  return url.origin;
}

/** The host of a URL as a certificate names it: an IPv6 address without brackets. */
export function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[(.*)\]$/, '$1');
}

function collectName(text: string, before: string[] = []): string[] {
  const name = text.toLowerCase();
  if (isName(name)) return [...before, name];
  throw new InvalidArgumentError(
    'expected a host name, such as api.example.com or *.example.com, or an IP address',
  );
}

function isName(text: string): boolean {
  if (isIP(text) !== 0) return true;
  const labels = text.replace(/^\*\./, '').split('.');
  const isLabel = (label: string): boolean => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label);
  // A name that ends in a number can only be a mistyped address.
  return text.length <= 253 && labels.every(isLabel) && !/^\d+$/.test(labels.at(-1) ?? '');
}
