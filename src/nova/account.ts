import { SolveError } from '../errors.ts';
import type { Session } from '../session/session.ts';
import { SessionRequest } from '../session/session-request.ts';
import type { AskOptions } from './job.ts';

/** Numbers of all jobs of the user, ascending. */
export async function myJobs(session: Session, options: AskOptions = {}): Promise<readonly number[]> {
  const { myJobsCall } = await import('./calls.ts');
  return await new SessionRequest(session, myJobsCall()).send(options);
}

/**
 * Numbers of the jobs of anybody whose image has a tag, each once.
 *
 * @param tag part of the tag, or all of it if `exact`; case does not count
 * @throws {SolveError} `BAD_ARGUMENT` for an empty tag, which would fit every job there is
 */
export async function jobsByTag(
  session: Session,
  tag: string,
  options: AskOptions & { readonly exact?: boolean } = {},
): Promise<readonly number[]> {
  const { exact = false, ...ask } = options;
  if (tag.trim() === '') throw new SolveError('BAD_ARGUMENT', 'jobs by tag: the tag is empty');
  const { jobsByTagCall } = await import('./calls.ts');
  return [...new Set(await new SessionRequest(session, jobsByTagCall(tag, exact)).send(ask))];
}
