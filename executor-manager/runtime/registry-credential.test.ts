import { expect, it } from 'vitest';
import type { Client } from '#api/client/client';
import type { KubeObject } from '#api/machinery/meta';
import { readRegistryCredential } from './registry-credential.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const config = (auths: object) => ({ data: { '.dockerconfigjson': base64(JSON.stringify({ auths })) } });

/** Secrets by their name. */
const api = (secrets: Record<string, object>): Pick<Client, 'find'> => ({
  find: <T extends KubeObject>(_: unknown, { name }: { name: string }) =>
    Promise.resolve(secrets[name] as T | undefined),
});
const shell = (image: string, ...names: string[]) => ({
  ...{ type: 'Command' as const, image },
  imagePullSecrets: names.map((name) => ({ name, namespace: 'ns' })),
});
const login = (username: string) => ({ username, password: 'p' });

it.each([
  { image: 'r.example:5000/team/x:1', key: 'r.example:5000', is: 'r.example:5000' },
  { image: 'r.example/team/x@sha256:0', key: 'https://r.example/v2/', is: 'r.example' },
  { image: 'r.example/team/x', key: 'r.example/team', is: 'r.example' },
  { image: 'r.example/team/x', key: 'r.example/te', is: undefined },
  { image: 'r.example/x', key: 'example', is: undefined },
  { image: 'r.example:5000/x', key: 'r.example', is: undefined },
  { image: 'ubuntu', key: 'https://index.docker.io/v1/', is: 'index.docker.io' },
  { image: 'docker.io/team/x', key: 'docker.io', is: 'index.docker.io' },
  { image: 'team/x', key: 'team', is: undefined },
])('The credential under $key is for $image: $is', async ({ image, key, is }) => {
  const found = await readRegistryCredential(api({ a: config({ [key]: login('u') }) }), shell(image, 'a'));
  expect(found).toEqual(is === undefined ? undefined : { ...login('u'), serveraddress: is });
});

it('The entry that says most counts, of the first Secret that has one', async () => {
  const other = config({ 'other.example': login('other') });
  const both = config({ 'r.example': login('host'), 'r.example/team': { auth: base64('team:p:q') } });
  const found = await readRegistryCredential(
    api({ other, both }),
    shell('r.example/team/x', 'other', 'both'),
  );
  expect(found).toEqual({ username: 'team', password: 'p:q', serveraddress: 'r.example' });
});

it.each([
  { secrets: {}, says: 'Secret "ns/a" not found' },
  { secrets: { a: { data: {} } }, says: 'Secret "ns/a" has no key ".dockerconfigjson"' },
  {
    secrets: { a: { data: { '.dockerconfigjson': base64('s3cret') } } },
    says: 'is no JSON object with auths',
  },
  { secrets: { a: config({ 'r.example': {} }) }, says: 'has an entry without user and password' },
])('$says', async ({ secrets, says }) => {
  const read = readRegistryCredential(api(secrets), shell('r.example/x', 'a'));
  await expect(read).rejects.toThrow(says);
  await expect(read).rejects.not.toThrow('s3cret');
});
