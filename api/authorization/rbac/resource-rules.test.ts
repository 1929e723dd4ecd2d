import fc from 'fast-check';
import { expect, it } from 'vitest';
import { allowsResource, compileRule } from './compiled-rule.ts';
import { ResourceRules } from './resource-rules.ts';

/** Few words, so that rules and requests meet often. */
const word = fc.constantFrom('a', 'b', 'c', '*', '');
const words = fc.array(word, { maxLength: 4 });
const rule = fc
  .record({ verbs: words, apiGroups: words, resourceNames: words })
  .map((lists) => compileRule({ ...lists, resources: ['things'] }));

/** More combinations than are taken apart. */
const wide = fc.record({ verb: word, group: word }).map(({ verb, group }) => {
  const many = Array.from({ length: 20 }, (_, index) => `x${index}`);
  return compileRule({ verbs: [...many, verb], apiGroups: [...many, group], resources: ['things'] });
});

it('finds what a look at each rule would find, however many there are', () => {
  const rules = fc.array(fc.oneof({ weight: 5, arbitrary: rule }, { weight: 1, arbitrary: wide }), {
    maxLength: 30,
  });
  const asked = fc.record({ verb: word, group: word, name: word });
  fc.assert(
    fc.property(rules, fc.array(asked, { minLength: 1, maxLength: 10 }), (all, questions) => {
      const table = new ResourceRules<object>();
      for (const one of all) table.add(one, one);
      for (const question of questions) {
        const allowing = all.filter((one) => allowsResource(one, question));
        const found = table.find(question);
        if (allowing.length === 0) expect(found).toBeUndefined();
        else expect(allowing).toContain(found);
      }
    }),
  );
});

it('takes in rules that come after the first question', () => {
  const table = new ResourceRules<object>();
  const value = { is: 'later' };
  for (let index = 0; index < 10; index += 1) {
    table.add(compileRule({ verbs: [`v${index}`], apiGroups: [''], resources: ['things'] }), {});
  }
  const asked = { verb: 'late', group: '', name: '' };
  expect(table.find(asked)).toBeUndefined();
  table.add(compileRule({ verbs: ['late'], apiGroups: [''], resources: ['things'] }), value);
  expect(table.find(asked)).toBe(value);
});
