import { fieldsOf } from '../../machinery/json/json.ts';
import { invalidValue, tooLong } from '../../structural-schema/field-error.ts';
import { skillPackageName } from '../../types/skills/skill.ts';
import { PACKAGE_LIMITS } from '#skill-packages/package-limits';
import { contentHash } from '#skill-packages/skill-package';
import type { Strategy } from './strategy.ts';

/**
 * A SkillPackage is named by its content: whoever names one knows what is in it. That its spec never changes is a rule
 * of the CRD. Its files are judged where they come in (skills/skill-packages.ts), and again where they are unpacked.
 */
export const skillPackageStrategy: Strategy = {
  validate(object, previous) {
    if (previous !== undefined) return [];
    const { zip } = fieldsOf(object['spec']);
    // The schema says so already.
    if (typeof zip !== 'string') return [];
    const bytes = Buffer.from(zip, 'base64');
    if (bytes.length > PACKAGE_LIMITS.zipBytes) return [tooLong('spec.zip', PACKAGE_LIMITS.zipBytes)];
    const expected = skillPackageName(contentHash(bytes));
    if (object.metadata.name === expected) return [];
    const why = `must be ${JSON.stringify(expected)}: a SkillPackage is named by the SHA-256 of its zip`;
    return [invalidValue('metadata.name', object.metadata.name, why)];
  },
};
