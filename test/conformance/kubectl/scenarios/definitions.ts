import { step } from '../step.ts';
import type { Scenario } from '../step.ts';
import { established, widget, widgetDefinition } from './widget.ts';

type Definition = { metadata: { name: string }; spec: { names: object; versions: { schema: object }[] } };

const good = widgetDefinition('definers', 'Definer') as Definition;
const changed = (change: (copy: Definition) => void): object => {
  const copy = structuredClone(good);
  change(copy);
  return copy;
};
const withSchema = (openAPIV3Schema: object): object =>
  changed(({ spec }) => {
    spec.versions = spec.versions.map((version) => ({ ...version, schema: { openAPIV3Schema } }));
  });
const withSpec = (properties: object): object =>
  withSchema({ type: 'object', properties: { spec: { type: 'object', properties } } });
const clash = changed(({ metadata, spec }) => {
  metadata.name = 'definers2.shop.example.com';
  spec.names = { kind: 'Definer', plural: 'definers2', singular: 'definer' };
});
const twoVersions = changed(({ spec }) => {
  const [v1] = spec.versions;
  spec.versions = [
    { ...v1, storage: false, deprecated: true },
    { ...v1, name: 'v2' },
  ] as never;
});

export const definitions: Scenario = {
  name: 'definitions',
  steps: [
    step('create -f -', { stdin: [withSchema({ type: 'string' })] }),
    step('create -f -', { stdin: [withSpec({ a: {} })] }),
    step('create -f -', { stdin: [withSpec({ a: { type: 'integer', default: 'x' } })] }),
    step('create -f -', { stdin: [withSpec({ a: { type: 'array' } })] }),
    step('create -f -', { stdin: [withSpec({ a: { type: 'string', pattern: '(' } })] }),
    step('create -f -', {
      stdin: [withSpec({ a: { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'map' } })],
    }),
    step('create -f -', {
      stdin: [withSpec({ a: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self > 1' }] } })],
      output: 'any',
    }),
    step('create -f -', {
      stdin: [
        changed(({ metadata }) => {
          metadata.name = 'wrong.shop.example.com';
        }),
      ],
    }),
    step('create -f -', {
      stdin: [
        changed(({ spec }) => {
          spec.versions = [];
        }),
      ],
    }),
    step('create -f -', { stdin: [good] }),
    step(established('definers'), { requests: 'any' }),
    step('get crd definers.shop.example.com', { output: 'any' }),
    step(
      `get crd definers.shop.example.com -o jsonpath='{range .status.conditions[*]}{.type}={.status} {.reason}: {.message}{"\\n"}{end}'`,
    ),
    step(
      `get crd definers.shop.example.com -o jsonpath='{.status.acceptedNames} {.status.storedVersions} {.spec.conversion}'`,
    ),
    step('create -f -', { stdin: [widget('Definer', 'one')] }),
    step('create -f -', { stdin: [clash] }),
    step('wait crd/definers2.shop.example.com --for=condition=NamesAccepted=False --timeout=20s', {
      requests: 'any',
    }),
    step(
      `get crd definers2.shop.example.com -o jsonpath='{range .status.conditions[*]}{.type}={.status} {.reason}: {.message}{"\\n"}{end}'`,
    ),
    step('delete crd definers2.shop.example.com', { requests: 'any' }),
    step('apply -f -', { stdin: [twoVersions] }),
    step(established('definers'), { requests: 'any' }),
    step('get definers.v2.shop.example.com one -o jsonpath={.apiVersion}', { requests: 'any' }),
    step('get definers.v1.shop.example.com one -o jsonpath={.apiVersion}', { requests: 'any' }),
    step('get definers one -o jsonpath={.apiVersion}', { requests: 'any' }),
    step(`get crd definers.shop.example.com -o jsonpath={.status.storedVersions}`),
    step(`patch crd definers.shop.example.com --type=merge -p '{"spec":{"scope":"Cluster"}}'`),
    step(`patch crd definers.shop.example.com --type=merge -p '{"spec":{"names":{"kind":"Other"}}}'`, {
      output: 'any',
    }),
    step('delete crd definers.shop.example.com', { requests: 'any' }),
    step('get definers'),
    step('get crd definers.shop.example.com'),
  ],
};
