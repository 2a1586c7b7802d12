import type { JsonRequest } from '../session/request-spec.ts';
import type { NovaCalibration } from '../solution.ts';
import {
  ANNOTATIONS,
  CALIBRATION,
  INFO,
  JOB,
  JOBS_BY_TAG,
  MY_JOBS,
  OBJECTS_IN_FIELD,
  SUBMISSION,
  SUBMISSION_IMAGES,
  TAGS,
  type JobInfo,
  type JobStatus,
  type NovaAnnotation,
  type SubmissionState,
} from './wire.ts';

// Every call of the API but the uploads: where it goes, what it takes, what comes back.
// Loaded when the first call is made, since the schemas take a while to load.

export function submissionCall(id: number): JsonRequest<SubmissionState> {
  return { path: `/api/submissions/${id}`, schema: SUBMISSION };
}

/** Numbers of the user images of a submission, anybody's. The one call that fails instead of saying "log in again". */
export function submissionImagesCall(id: number): JsonRequest<readonly number[]> {
  return {
    path: '/api/submission_images',
    json: { subid: id },
    session: true,
    expiredStatus: 500,
    schema: SUBMISSION_IMAGES,
  };
}

export function jobCall(id: number): JsonRequest<JobStatus> {
  return { path: `/api/jobs/${id}`, schema: JOB };
}

export function calibrationCall(id: number): JsonRequest<NovaCalibration | undefined> {
  return { path: `/api/jobs/${id}/calibration/`, schema: CALIBRATION };
}

export function infoCall(id: number): JsonRequest<JobInfo> {
  return { path: `/api/jobs/${id}/info/`, schema: INFO };
}

export function tagsCall(id: number): JsonRequest<readonly string[]> {
  return { path: `/api/jobs/${id}/tags/`, schema: TAGS };
}

export function machineTagsCall(id: number): JsonRequest<readonly string[]> {
  return { path: `/api/jobs/${id}/machine_tags/`, schema: TAGS };
}

export function objectsInFieldCall(id: number): JsonRequest<readonly string[]> {
  return { path: `/api/jobs/${id}/objects_in_field/`, schema: OBJECTS_IN_FIELD };
}

/** @param brightest so many of the bright stars; undefined: all */
export function annotationsCall(
  id: number,
  brightest: number | undefined,
): JsonRequest<readonly NovaAnnotation[] | undefined> {
  const query = brightest === undefined ? '' : `?nbright=${brightest}`;
  return { path: `/api/jobs/${id}/annotations/${query}`, schema: ANNOTATIONS };
}

export function myJobsCall(): JsonRequest<readonly number[]> {
  return { path: '/api/myjobs/', json: {}, session: true, schema: MY_JOBS };
}

export function jobsByTagCall(tag: string, exact: boolean): JsonRequest<readonly number[]> {
  const query = `query=${encodeURIComponent(tag)}${exact ? '&exact=yes' : ''}`;
  return { path: `/api/jobs_by_tag?${query}`, schema: JOBS_BY_TAG };
}
