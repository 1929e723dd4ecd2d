import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import protobuf from 'protobufjs';
import { go } from './environment/go/go.ts';

/**
 * Copies the protobuf messages that typed clients of Kubernetes send out of the Go modules that test/go/go.mod names
 * to api/server/protobuf/protos/, reduced to the messages that these kinds need. Run by hand when the versions change;
 * `make generate` then makes the tables of api/server/protobuf/generated/ from the copies, without Go or a network.
 *
 * The JSON names of fields and which zeros JSON leaves out stand in the tags of Go's structs only; the copies say them
 * as options.
 */

const ROOT = path.join(import.meta.dirname, '..');
const PROTOS = path.join(ROOT, 'api/server/protobuf/protos');
const MODULES = ['k8s.io/api', 'k8s.io/apimachinery', 'k8s.io/apiextensions-apiserver'];
const META = 'k8s.io.apimachinery.pkg.apis.meta.v1';

/** By package: the kinds that are copied with all that they hold. A kind to come is one more name here. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  [META]: ['DeleteOptions'],
  'k8s.io.api.core.v1': [
    'ConfigMap',
    'Event',
    'Namespace',
    'ResourceQuota',
    'Secret',
    'ServiceAccount',
  ].flatMap(withList),
  'k8s.io.api.events.v1': withList('Event'),
  'k8s.io.api.coordination.v1': withList('Lease'),
  'k8s.io.api.autoscaling.v1': ['Scale'],
  'k8s.io.api.rbac.v1': ['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'].flatMap(withList),
  'k8s.io.api.authentication.v1': ['TokenReview', 'TokenRequest', 'SelfSubjectReview'],
  'k8s.io.api.authorization.v1': [
    'SubjectAccessReview',
    'LocalSubjectAccessReview',
    'SelfSubjectAccessReview',
    'SelfSubjectRulesReview',
  ],
  'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1': withList('CustomResourceDefinition'),
};

function withList(kind: string): string[] {
  return [kind, `${kind}List`];
}

interface Module {
  Path: string;
  Version: string;
  Dir: string;
}

async function goModules(): Promise<Module[]> {
  const program = await go();
  if (program === undefined) throw new Error('Go is missing');
  const cwd = path.join(ROOT, 'test/go');
  execFileSync(program, ['mod', 'download', ...MODULES], { cwd });
  return MODULES.map((name) => {
    const text = execFileSync(program, ['list', '-m', '-json', name], { cwd, encoding: 'utf8' });
    return JSON.parse(text) as Module;
  });
}

/** The folder of a package below its module, such as `core/v1`. */
function folderOf(modules: readonly Module[], name: string): { module: Module; folder: string } {
  const whole = name
    .replaceAll('.', '/')
    .replace('k8s/io', 'k8s.io')
    .replace('apiextensions_apiserver', 'apiextensions-apiserver');
  const module = modules.find((one) => whole.startsWith(`${one.Path}/`));
  if (module === undefined) throw new Error(`no module has the package ${name}`);
  return { module, folder: whole.slice(module.Path.length + 1) };
}

interface GoField {
  json: string;
  /** Its zero value is left out of JSON, although protobuf has it. */
  omitsZero: boolean;
}

const STRUCT = /^type (\w+) struct \{\n([\s\S]*?)^\}/gm;
const FIELD = /^\s+(?:\w+\s+)?(\S+)\s+`[^`]*json:"([^",]*)((?:,\w+)*)"[^`]*protobuf:"[^"]*name=(\w+)/gm;

/** The tags of a package's structs, by `Struct.protoName`. */
function goFields(folder: string): Map<string, GoField> {
  const fields = new Map<string, GoField>();
  for (const file of readdirSync(folder)) {
    if (!/^[a-z_]*types?[a-z_]*\.go$|^fieldsv1/.test(file)) continue;
    for (const [, struct, body = ''] of readFileSync(path.join(folder, file), 'utf8').matchAll(STRUCT)) {
      for (const [, type = '', json = '', options = '', name] of body.matchAll(FIELD)) {
        const omitsZero = options.includes('omitempty') && !type.startsWith('*');
        fields.set(`${struct}.${name}`, { json, omitsZero });
      }
    }
  }
  return fields;
}

const SCALARS = new Set(['bool', 'bytes', 'double', 'int32', 'int64', 'string', 'uint32', 'uint64']);

/** The messages that `names` need, themselves included. */
function closure(root: protobuf.Root, names: readonly string[]): Set<protobuf.Type> {
  const found = new Set<protobuf.Type>();
  const todo = names.map((name) => root.lookupType(name));
  for (let type = todo.pop(); type !== undefined; type = todo.pop()) {
    if (found.has(type)) continue;
    found.add(type);
    for (const field of type.fieldsArray) {
      field.resolve();
      if (field.resolvedType instanceof protobuf.Type) todo.push(field.resolvedType);
    }
  }
  return found;
}

const nameOf = (type: protobuf.Type): string => type.fullName.replace(/^[.]/, '');
const packageOf = (type: protobuf.Type): string => nameOf(type).replace(/[.]\w+$/, '');

function messageText(type: protobuf.Type, tags: ReadonlyMap<string, GoField>): string {
  const lines = type.fieldsArray.map((field) => {
    const tag = tags.get(`${type.name}.${field.name}`);
    const ofType =
      field.resolvedType instanceof protobuf.Type ? `.${nameOf(field.resolvedType)}` : field.type;
    const isZero = SCALARS.has(ofType) && !field.repeated && !field.map;
    const options = [
      ...(tag === undefined || tag.json === field.name ? [] : [`json_name = "${tag.json}"`]),
      ...(tag?.omitsZero === true && isZero ? ['(omit_zero) = true'] : []),
    ];
    const shape = field instanceof protobuf.MapField ? `map<${field.keyType}, ${ofType}>` : ofType;
    const label = field.map ? '' : field.repeated ? 'repeated ' : 'optional ';
    return `  ${label}${shape} ${field.name} = ${field.id}${options.length > 0 ? ` [${options.join(', ')}]` : ''};`;
  });
  return [`message ${type.name} {`, ...lines, '}'].join('\n');
}

function fileText(name: string, module: Module, messages: readonly string[]): string {
  return [
    '// Copyright The Kubernetes Authors.',
    '// SPDX-License-Identifier: Apache-2.0',
    '//',
    `// Reduced by dev/copy-protos.ts from generated.proto of ${module.Path} ${module.Version}: messages of other kinds and`,
    "// comments are left out. The options are taken from the tags of Go's structs: the name of a field in JSON, and",
    '// whether JSON leaves out a zero that protobuf has.',
    '',
    'syntax = "proto2";',
    '',
    `package ${name};`,
    '',
    messages.join('\n\n'),
    '',
  ].join('\n');
}

async function copy(): Promise<void> {
  const modules = await goModules();
  const root = new protobuf.Root();
  root.resolvePath = (_origin, target) => {
    const module = modules.find((one) => target.startsWith(`${one.Path}/`));
    return module === undefined ? target : path.join(module.Dir, target.slice(module.Path.length + 1));
  };
  const files = Object.keys(KINDS).map((name) => {
    const { module, folder } = folderOf(modules, name);
    return path.join(module.Dir, folder, 'generated.proto');
  });
  root.loadSync(files, { keepCase: true });
  const names = Object.entries(KINDS).flatMap(([name, kinds]) => kinds.map((kind) => `${name}.${kind}`));
  const byPackage = Map.groupBy(closure(root, names), packageOf);
  rmSync(PROTOS, { recursive: true, force: true });
  for (const [name, types] of byPackage) {
    const { module, folder } = folderOf(modules, name);
    const tags = goFields(path.join(module.Dir, folder));
    const texts = types
      .toSorted((left, right) => (left.name < right.name ? -1 : 1))
      .map((type) => messageText(type, tags));
    const file = path.join(PROTOS, module.Path, folder, 'generated.proto');
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, fileText(name, module, texts));
  }
}

await copy();
