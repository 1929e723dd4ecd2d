import { describe, expect, it } from 'vitest';
import { withToolsFirst, withToolsLast } from './toolbox.ts';

describe('the commands that the runner brings', () => {
  it.each([
    ['/usr/bin:/bin', '/own:/usr/bin:/bin', '/usr/bin:/bin:/own'],
    ['', '/own', '/own'],
    [':/usr/bin:', '/own:/usr/bin', '/usr/bin:/own'],
  ])('with the path "%s" come first for the runner, last for an agent', (PATH, first, last) => {
    expect(withToolsFirst({ PATH, LANG: 'C' }, '/own')).toEqual({ PATH: first, LANG: 'C' });
    expect(withToolsLast({ PATH, LANG: 'C' }, '/own')).toMatchObject({ PATH: last, LANG: 'C' });
  });

  it('never put the folder in which a program runs into the path', () => {
    expect(withToolsFirst({ PATH: '::' }, '/own')['PATH']).toBe('/own');
  });

  it('tell an agent which shell there is, unless the image says it', () => {
    expect(withToolsLast({}, '/own')['SHELL']).toMatch(/bash$/);
    expect(withToolsLast({ SHELL: '/bin/fish' }, '/own')['SHELL']).toBe('/bin/fish');
  });
});
