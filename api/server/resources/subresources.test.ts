import { expect, it } from 'vitest';
import { loadDefinitions } from '../../schema/load-crds.ts';
import { apiResourceList } from '../discovery/legacy.ts';
import { resourcePaths } from '../openapi/paths.ts';
import { NAMESPACE_SUBRESOURCES, parseResourcePath } from '../request/resource-path.ts';
import { isStream, subresourcesOf } from './subresources.ts';

const definitions = loadDefinitions();
const METHODS: Readonly<Record<string, string>> = {
  create: 'post',
  get: 'get',
  patch: 'patch',
  update: 'put',
};

it('of a Namespace are told apart from collections in it', () => {
  const namespaces = definitions.find(({ plural }) => plural === 'namespaces') ?? expect.fail();
  expect(subresourcesOf(namespaces).map(({ name }) => name)).toEqual([...NAMESPACE_SUBRESOURCES].sort());
  for (const { name } of subresourcesOf(namespaces)) {
    expect(parseResourcePath(`/api/v1/namespaces/a/${name}`)).toMatchObject({
      plural: 'namespaces',
      name: 'a',
      namespace: '',
      subresource: name,
    });
  }
});

it.each(definitions.map((resource) => [`${resource.plural}.${resource.group}`, resource] as const))(
  '%s shows its subresources in discovery and OpenAPI as they are declared',
  (_name, resource) => {
    const { group, version } = resource;
    const declared = subresourcesOf(resource);
    const { resources } = apiResourceList({ group, version, resources: [resource] }) as {
      resources: { name: string; verbs: string[]; kind: string }[];
    };
    const shown = resources.slice(1).map(({ name, verbs, kind }) => ({ name, verbs, kind }));
    expect(shown).toEqual(
      declared.map(({ name, handlers, kind }) => ({
        name: `${resource.plural}/${name}`,
        verbs: [...handlers.keys()],
        kind: kind?.kind ?? resource.kind,
      })),
    );
    const paths = Object.entries(resourcePaths(resource)).flatMap(
      ([path, { parameters: _shared, ...item }]) => {
        const [, name] = /\{name\}\/(\w+)$/.exec(path) ?? [];
        return name === undefined ? [] : [[name, Object.keys(item).sort()]];
      },
    );
    expect(Object.fromEntries(paths)).toEqual(
      Object.fromEntries(
        declared.map(({ name, handlers }) => [
          name,
          [...handlers.keys()].map((verb) => METHODS[verb] ?? verb).sort(),
        ]),
      ),
    );
  },
);

it.each([
  ['watch', '', true, 'a watch has no end'],
  ['get', 'log', true, 'a log may be followed'],
  ['create', 'log', false, 'a batch of events has an end'],
  ['get', 'status', false, 'an object has an end'],
  ['get', 'proxy', false, 'nobody has it'],
  ['get', 'exec', true, 'a connection of a person to a sandbox'],
  ['create', 'tunnel', true, 'the connection of an executor manager'],
])('%s of %s goes on for as long as its reader likes: %s', (verb, subresource, expected, reason) => {
  expect(isStream(verb, subresource), reason).toBe(expected);
});
