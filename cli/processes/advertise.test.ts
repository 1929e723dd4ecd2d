import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addAdvertiseFlags, hostOf } from './advertise.ts';
import type { AdvertiseFlags } from './advertise.ts';

function parse(...flags: string[]): AdvertiseFlags {
  const command = addAdvertiseFlags(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  return command.parse(flags, { from: 'user' }).opts<AdvertiseFlags>();
}

describe('--advertise-url', () => {
  it.each([
    ['https://Troupe.example.com', 'https://troupe.example.com', 'troupe.example.com'],
    ['https://troupe.example.com:7443/', 'https://troupe.example.com:7443', 'troupe.example.com'],
    ['https://10.0.0.7:443', 'https://10.0.0.7', '10.0.0.7'],
    ['https://[fd00::7]:7443', 'https://[fd00::7]:7443', 'fd00::7'],
  ])('takes %s', (text, url, host) => {
    expect(parse('--advertise-url', text).advertiseUrl).toBe(url);
    expect(hostOf(url)).toBe(host);
  });

  it.each([
    ['http://troupe.example.com', 'the API is served with TLS'],
    ['troupe.example.com:7443', 'no scheme'],
    ['https://', 'no host'],
    ['https://troupe.example.com/api', 'kubectl would send the path, no replica knows it'],
    ['https://troupe.example.com?a=b', 'a query'],
    ['https://troupe.example.com#', 'a fragment'],
    ['https://me:secret@troupe.example.com', 'a password'],
    ['https://troupe.example.com:70000', 'a port out of range'],
  ])('refuses %s: %s', (text) => {
    expect(() => parse('--advertise-url', text)).toThrow(/expected https:\/\/HOST\[:PORT\]/);
  });

  it.each([['https://0.0.0.0:7443'], ['https://[::]:7443'], ['https://*.example.com'], ['https://a..b']])(
    'refuses %s: nobody can reach it',
    (text) => {
      expect(() => parse('--advertise-url', text)).toThrow(/expected a host that clients can reach/);
    },
  );
});

describe('--tls-san', () => {
  it('takes names and addresses, any number of times', () => {
    const names = ['API.example.com', '*.example.com', '10.0.0.7', 'fd00::7'];
    expect(parse(...names.flatMap((name) => ['--tls-san', name])).tlsSan).toEqual(
      names.map((name) => name.toLowerCase()),
    );
    expect(parse().tlsSan).toBeUndefined();
  });

  it.each([
    ['https://api.example.com', 'a URL'],
    ['api.example.com:7443', 'a port'],
    ['a.*.example.com', 'a star in the middle'],
    ['10.0.0.700', 'no address'],
    ['-a.example.com', 'a label that begins with a hyphen'],
    ['a..example.com', 'an empty label'],
    ['', 'nothing'],
    [`${'a'.repeat(64)}.com`, 'a long label'],
  ])('refuses %s: %s', (name) => {
    expect(() => parse('--tls-san', name)).toThrow(/expected a host name/);
  });
});
