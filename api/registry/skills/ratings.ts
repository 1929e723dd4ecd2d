import { formatTime } from '../../machinery/clock.ts';
import type { Clock } from '../../machinery/clock.ts';
import { fieldsOf } from '../../machinery/json/json.ts';
import { invalid } from '../../machinery/status-error.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { API_SERVER_USER } from '../../machinery/users/user.ts';
import { invalidValue, tooLong } from '../../structural-schema/field-error.ts';
import type { Skill, SkillStatus } from '../../types/generated/skill.ts';
import type { Registry } from '../registry.ts';
import type { WriteOptions, WriteResult } from '../requests.ts';
import type { Target } from '../resource.ts';
import { retryOnConflict } from '../write/retry-on-conflict.ts';

type Ratings = NonNullable<SkillStatus['ratedBy']>;

/** The opinion of one person on a Skill. */
interface Rating {
  stars: number;
  comment?: string;
}

export interface RatingRequest extends WriteOptions {
  target: Target;
  /** `{stars, comment?}`; absent: the rating is taken back. */
  body?: unknown;
  clock: Clock;
}

const MOST_STARS = 5;
const LONGEST_COMMENT = 1024;
/** The oldest goes when there are more: a status has its limit. */
const MOST_RATINGS = 500;

/**
 * Notes the rating of the user who asks: each has one, whatever they say of themselves in the body.
 * @throws StatusError NotFound, Invalid, Conflict when too many write at once
 */
export async function rateSkill(
  registry: Pick<Registry, 'get' | 'update'>,
  { target, body, clock, ...options }: RatingRequest,
): Promise<WriteResult> {
  const rating = body === undefined ? undefined : readRating(body, target);
  const { name: user } = options.user;
  return await retryOnConflict(async () => {
    const skill = (await registry.get({ target, user: API_SERVER_USER })).object as unknown as Skill;
    const others = (skill.status?.ratedBy ?? []).filter((one) => one.user !== user);
    const own = rating && { user, ...rating, ratedAt: formatTime(clock.now()) };
    const ratings = own === undefined ? others : [...others, own].slice(-MOST_RATINGS);
    return await registry.update({
      ...{ target, subresource: 'status', body: { ...skill, status: rated(skill.status, ratings) } },
      ...{
        fieldValidation: 'Strict',
        user: API_SERVER_USER,
        dryRun: options.dryRun,
        fieldManager: 'troupe-api',
      },
    });
  });
}

function rated(status: SkillStatus = {}, ratings: Ratings): SkillStatus {
  const { ratedBy: _, rating: __, ...rest } = status;
  if (ratings.length === 0) return rest;
  const sum = ratings.reduce((total, { stars }) => total + stars, 0);
  return {
    ...rest,
    ratedBy: ratings,
    rating: { average: (sum / ratings.length).toFixed(1), count: ratings.length },
  };
}

function readRating(body: unknown, { name, resource }: Target): Rating {
  const { stars, comment } = fieldsOf(body);
  const causes: StatusCause[] = [];
  if (typeof stars !== 'number' || !Number.isInteger(stars) || stars < 1 || stars > MOST_STARS) {
    causes.push(invalidValue('stars', stars, `must be a whole number from 1 to ${MOST_STARS}`));
  }
  if (comment !== undefined && typeof comment !== 'string') {
    causes.push(invalidValue('comment', comment, 'must be a text'));
  } else if (comment !== undefined && comment.length > LONGEST_COMMENT) {
    causes.push(tooLong('comment', LONGEST_COMMENT));
  }
  const { group, kind } = resource;
  if (causes.length > 0) throw invalid({ group, kind }, name, causes);
  return { stars: stars as number, ...(comment === undefined ? {} : { comment: comment as string }) };
}
