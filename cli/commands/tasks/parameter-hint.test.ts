import { expect, it } from 'vitest';
import { StatusError, invalid } from '#api/machinery/status-error';
import { errorText } from '../../error-text.ts';
import { withParameterHint } from './parameter-hint.ts';

const TASK = { group: 'agent.wecode.io', kind: 'Task', plural: 'tasks' };
const required = (field: string) => ({ reason: 'FieldValueRequired', field, message: 'Required value' });

it('a missing parameter is told with its flag', () => {
  const other = { reason: 'FieldValueInvalid', field: 'spec.parameters.b', message: 'Invalid value: 1' };
  const error = withParameterHint(invalid(TASK, 't', [required('spec.parameters.branch'), other]));
  expect(errorText(error)).toBe(
    'The Task "t" is invalid: \n* spec.parameters.branch: Required value (--parameter branch=VALUE)\n* spec.parameters.b: Invalid value: 1',
  );
});

it.each([
  invalid(TASK, 't', [required('spec.prompt')]),
  invalid(TASK, 't', [required('spec.parameters.a.b')]),
  new StatusError('NotFound', 'x'),
  new Error('x'),
])('%s stays as it is', (error) => {
  expect(withParameterHint(error)).toBe(error);
});
