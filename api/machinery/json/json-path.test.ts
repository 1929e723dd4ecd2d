import { describe, expect, it } from 'vitest';
import { parseJsonPathTemplate } from './json-path-template.ts';
import { parseJsonPath } from './json-path.ts';

const root = {
  kind: 'List',
  metadata: { labels: { 'a.b/c': 'dotted', 'x]y': 'bracket' } },
  items: [
    { name: 'one', n: 1, on: true, tags: ['p', 'q'] },
    { name: 'two', n: 2, on: false },
    { name: 'three', n: 3, deep: { name: 'inner' } },
  ],
  status: {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Done', status: 'False' },
    ],
  },
};

describe('parseJsonPath', () => {
  it.each([
    ['.kind', ['List'], 'a field'],
    ['kind', ['List'], 'without the dot'],
    ['$.kind', ['List'], 'from the root'],
    ['.items[0].name', ['one'], 'an index'],
    ['.items[-1].name', ['three'], 'from the end'],
    ['.items[9].name', [], 'out of range'],
    ['.items[*].name', ['one', 'two', 'three'], 'a wildcard'],
    ['.items[0,2].n', [1, 3], 'several indices'],
    ['.items[0:2].n', [1, 2], 'a slice'],
    ['.items[::2].n', [1, 3], 'a slice with a step'],
    ['.items[-2:].n', [2, 3], 'a slice from the end'],
    [".metadata.labels['a.b/c']", ['dotted'], 'a quoted key'],
    ['.metadata.labels.a\\.b/c', ['dotted'], 'an escaped dot'],
    [".metadata.labels['x]y']", ['bracket'], 'a bracket in quotes'],
    [".items[0]['name','n']", ['one', 1], 'a union'],
    ['.status.conditions[?(@.type=="Ready")].status', ['True'], 'a filter'],
    [".status.conditions[?(@.type=='Done')].status", ['False'], 'other quotes'],
    ['.items[?(@.n>1)].name', ['two', 'three'], 'a comparison'],
    ['.items[?(@.n<=1)].name', ['one'], 'another'],
    ['.items[?(@.on==true)].name', ['one'], 'a boolean'],
    ['.items[?(@.tags)].name', ['one'], 'existence'],
    ['.items[?(@.name!="one")].n', [2, 3], 'not equal'],
    ['..deep.name', ['inner'], 'any depth'],
    ['.no.such', [], 'missing'],
    ['.toString', [], 'nothing inherited'],
  ])('%s', (path, want, reason) => {
    expect(parseJsonPath(path).find(root), reason).toEqual(want);
  });

  it.each([['.items['], ['.items[abc]'], ['.items[]'], ['.a b'], ['.items[?(name==1)]'], ['.items[::0]']])(
    'refuses %s',
    (path) => {
      expect(() => parseJsonPath(path)).toThrow(expect.objectContaining({ code: 400 }));
    },
  );
});

describe('parseJsonPathTemplate', () => {
  it.each([
    ['{.kind}', 'List'],
    ['kind: {.kind}!', 'kind: List!'],
    ['{.items[*].name}', 'one two three'],
    ['{.items[0].tags}', '["p","q"]'],
    ['{range .items[*]}{.name}={.n}{"\\n"}{end}', 'one=1\ntwo=2\nthree=3\n'],
    ['{range .items[?(@.on==true)]}{$.kind}/{.name}{"\\t"}{end}', 'List/one\t'],
    ['{.kind}/{.missing}', 'List/'],
    ['{@.kind}', 'List'],
    ["{.metadata.labels['a.b/c']}", 'dotted'],
  ])('%s', (template, want) => {
    expect(parseJsonPathTemplate(template).render(root)).toBe(want);
  });

  it.each([['{.kind'], ['{end}'], ['{range .items[*]}x']])('refuses %s', (template) => {
    expect(() => parseJsonPathTemplate(template)).toThrow(expect.objectContaining({ code: 400 }));
  });
});
