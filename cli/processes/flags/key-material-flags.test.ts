import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addKeyMaterialFlags, keyMaterialOf } from './key-material-flags.ts';
import type { KeyMaterialFlags } from './key-material-flags.ts';

function parse(...args: string[]): ReturnType<typeof keyMaterialOf> {
  const command = addKeyMaterialFlags(new Command()).parse(args, { from: 'user' });
  return keyMaterialOf(command.opts<KeyMaterialFlags>());
}

describe('keyMaterialOf', () => {
  it('names nothing without flags', () => {
    expect(parse()).toEqual({ keyMaterial: {} });
  });

  it('has each file where the server looks for it', () => {
    const flags = [
      '--token-file=/t',
      '--ca-cert=/c',
      '--ca-key=/k',
      '--encryption-keys=/e',
      '--account-keys=/a',
    ];
    const tls = ['--tls-cert-file=/tc', '--tls-private-key-file=/tk', '--tls-ca-file=/ta'];
    expect(parse(...flags, ...tls)).toEqual({
      keyMaterial: {
        tokenFile: '/t',
        authority: { certificateFile: '/c', keyFile: '/k' },
        accountKeyFile: '/a',
        named: { certificateFile: '/tc', keyFile: '/tk', authorityFile: '/ta' },
      },
      rootKeyFile: '/e',
    });
  });

  it.each([
    [['--ca-cert=/c'], '--ca-cert and --ca-key must be given together'],
    [['--ca-key=/k'], '--ca-cert and --ca-key must be given together'],
    [['--tls-cert-file=/c'], '--tls-cert-file and --tls-private-key-file must be given together'],
    [['--tls-ca-file=/c'], '--tls-ca-file needs --tls-cert-file'],
  ])('refuses %s alone', (args, message) => {
    expect(() => parse(...args)).toThrow(message);
  });
});
