import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { createNovaSolver } from '../../src/engines/nova.ts';
import { findSources } from '../../src/engines/field-sources.ts';
import { solve } from '../../src/engines/solve.ts';
import { SolveError } from '../../src/errors.ts';
import { bytesSource } from '../../src/io/bytes-source.ts';
import { SubmissionFailedError } from '../../src/nova/submission.ts';
import type { Outcome, Progress, RemoteJob, Solution } from '../../src/solution.ts';
import { pixelToSky } from '../../src/wcs/transform.ts';
import type { Kind, NovaServer } from '../helpers/nova-server.ts';
import { CALIBRATION, PICTURE, solveLikeRecorded } from '../helpers/solved-job.ts';
import { sessionOf, startNova } from '../session/set-up.ts';

async function recordedServer(statuses?: readonly string[]): Promise<NovaServer> {
  const nova = await startNova();
  solveLikeRecorded(nova, statuses);
  return nova;
}

function solutionOf(outcome: Outcome): Solution {
  if (outcome.status !== 'solved') throw new Error(outcome.message);
  return outcome.solution;
}

function counts(nova: NovaServer): Partial<Record<Kind, number>> {
  const found: Partial<Record<Kind, number>> = {};
  for (const { kind } of nova.requests) found[kind] = (found[kind] ?? 0) + 1;
  return found;
}

describe('a job that is solved', () => {
  test('ends in a solution with our own numbers, and the server’s as they came', async () => {
    const nova = await recordedServer();
    const outcome = await createNovaSolver(sessionOf(nova.url)).solve(PICTURE);
    const { engine, width, height, rowOrder, calibration, matches, rms, logOdds, reported } = solutionOf(outcome);
    expect({ engine, width, height, rowOrder }).toEqual({
      engine: 'nova',
      width: 719,
      height: 507,
      rowOrder: 'top-down',
    });
    // nova leaves the distortion out, so its centre is 0.1 degrees off in a field of 34 degrees.
    expect(calibration.dec).toBeCloseTo(CALIBRATION.dec, 1);
    expect(calibration.pixelScale).toBeCloseTo(CALIBRATION.pixscale, -1);
    expect(calibration.parity).toBe(1);
    expect(calibration.mirrored).toBe(false);
    expect(matches.x).toHaveLength(45);
    expect(rms).toBeGreaterThan(0);
    expect(rms).toBeLessThan(1);
    expect(logOdds).toBe(244.721);
    expect(reported).toMatchObject({ ra: CALIBRATION.ra, orientation: CALIBRATION.orientation, parity: 1 });
    expect(outcome.report.remote).toEqual({ server: nova.url, submissionId: 1, jobId: 101 });
  });

  test('is where the engine of this package finds it', async () => {
    const nova = await recordedServer();
    const remote = solutionOf(await createNovaSolver(sessionOf(nova.url)).solve(PICTURE));
    const local = solutionOf(await solve(PICTURE));
    const [ra, dec] = pixelToSky(remote.wcs, 359, 253);
    const [ownRa, ownDec] = pixelToSky(local.wcs, 359, 253);
    const offPixels = (Math.hypot((ra - ownRa) * Math.cos((dec * Math.PI) / 180), dec - ownDec) * 3600) / 169;
    expect(offPixels).toBeLessThan(1);
    expect(local.calibration.parity).toBe(remote.calibration.parity);
    expect(Math.abs(local.calibration.positionAngle - remote.calibration.positionAngle)).toBeLessThan(0.2);
  });

  test('costs a login, an upload, the looks of the schedule, and three files', async () => {
    const nova = await recordedServer();
    await createNovaSolver(sessionOf(nova.url)).solve(PICTURE);
    // The submission is looked at until it has a job, the job until it has ended, and then for its calibration.
    expect(counts(nova)).toEqual({ login: 1, upload: 1, submission: 3, job: 4, product: 2 });
  });

  test('tells how far it is, and its numbers before anything is waited for', async () => {
    const nova = await recordedServer();
    const stages: Progress['stage'][] = [];
    const numbers: unknown[] = [];
    await createNovaSolver(sessionOf(nova.url)).solve(
      PICTURE,
      {},
      {
        onProgress: ({ stage }) => stages.push(stage),
        async onSubmitted(remote) {
          await sleep(20);
          // Nothing more is asked until the number is written down.
          if (remote.jobId === undefined) expect(nova.count('submission')).toBe(0);
          numbers.push(remote);
        },
      },
    );
    expect([...new Set(stages)]).toEqual(['read', 'detect', 'upload', 'wait', 'fetch']);
    expect(numbers).toEqual([
      { server: nova.url, submissionId: 1 },
      { server: nova.url, submissionId: 1, jobId: 101 },
    ]);
  });

  test('stays a solution if the stars that matched cannot be had', async () => {
    const nova = await recordedServer();
    const recorded = nova.onUpload;
    nova.onUpload = (upload) => {
      recorded(upload);
      nova.files.delete('/corr_file/101');
    };
    const outcome = await createNovaSolver(sessionOf(nova.url)).solve(PICTURE);
    expect(solutionOf(outcome).matches.x).toHaveLength(0);
    expect(solutionOf(outcome).rms).toBeNaN();
    expect(outcome.report.notes.join('\n')).toContain('the stars matched cannot be told');
  });

  test('of another size is refused', async () => {
    const nova = await recordedServer();
    const image = new URL('../../fixtures/real/cedar_orion_belt.jpg', import.meta.url);
    await expect(createNovaSolver(sessionOf(nova.url)).solve(image)).rejects.toMatchObject({
      code: 'REPLY_INVALID',
      message: expect.stringContaining('512 x 512 pixels, the solution is for 719 x 507') as string,
    });
  });
});

describe('what is sent', () => {
  test('is sources with the size of the image, private, and no pixels', async () => {
    const nova = await recordedServer();
    const outcome = await createNovaSolver(sessionOf(nova.url)).solve(PICTURE);
    const [{ options, filename }] = nova.uploads as [NovaServer['uploads'][number]];
    const sources = await findSources(PICTURE);
    expect(sources.x.length).toBeGreaterThan(1000);
    expect(filename).toBeUndefined();
    expect(options).toMatchObject({ publicly_visible: 'n', image_width: 719, image_height: 507 });
    expect(options['x']).toHaveLength(1000);
    expect(outcome.report.notes[0]).toBe(
      `the 1000 brightest of ${sources.x.length} sources found here are sent, no image`,
    );
  });

  test.each([
    ['a path', PICTURE],
    ['a file URL', pathToFileURL(PICTURE)],
    ['bytes', new Uint8Array(readFileSync(PICTURE))],
    ['a source of bytes', bytesSource(new Uint8Array(readFileSync(PICTURE)), 'dipper.jpg')],
  ])('is the file itself when that is asked for: %s', async (_what, input) => {
    const nova = await recordedServer();
    const outcome = await createNovaSolver(sessionOf(nova.url), { upload: 'image' }).solve(input);
    expect(solutionOf(outcome).rowOrder).toBe('top-down');
    expect(nova.uploads[0]!.bytes).toEqual(readFileSync(PICTURE));
  });

  test('is the file where it cannot be read here', async () => {
    const nova = await recordedServer();
    const outcome = await createNovaSolver(sessionOf(nova.url)).solve(new TextEncoder().encode('a format of its own'));
    expect(nova.uploads[0]!.filename).toBe('image');
    expect(outcome.report.notes[0]).toContain(
      'the image itself is sent, since it cannot be read here (FORMAT_UNKNOWN)',
    );
  });

  test('is the address of an image on the web; the way up is told by its name', async () => {
    const nova = await recordedServer();
    const outcome = await createNovaSolver(sessionOf(nova.url)).solve(
      new URL('http://example.org/a/dipper.fits?size=2'),
    );
    expect(counts(nova)).toMatchObject({ url_upload: 1 });
    expect(nova.uploads[0]!.options['url']).toBe('http://example.org/a/dipper.fits?size=2');
    expect(solutionOf(outcome).width).toBe(719);
  });

  test('are the hints of the user, in the place and the unit in which they count', async () => {
    const nova = await recordedServer();
    const solver = createNovaSolver(sessionOf(nova.url), { settings: { publiclyVisible: true, tweakOrder: 0 } });
    await solver.solve(PICTURE, {
      position: { raDeg: 187, decDeg: 0, radiusDeg: 20 },
      scale: { lowArcsec: 150, highArcsec: 190 },
      parity: 1,
    });
    await solver.solve(PICTURE, { fieldWidth: { lowDeg: 30, highDeg: 40 } });
    expect(nova.uploads[0]!.options).toMatchObject({
      publicly_visible: 'y',
      center_ra: 187,
      center_dec: 1e-9,
      radius: 20,
      scale_units: 'arcsecperpix',
      scale_lower: 150,
      scale_upper: 190,
      parity: 1,
      tweak_order: 0,
    });
    expect(nova.uploads[1]!.options).toMatchObject({ scale_units: 'degwidth', scale_lower: 30, scale_upper: 40 });
    expect(nova.uploads[1]!.options).not.toHaveProperty('center_ra');
  });
});

describe('no solution', () => {
  test('of a job that failed is an outcome with its numbers, and says where the server looked', async () => {
    const nova = await recordedServer(['failure']);
    const outcome = await createNovaSolver(sessionOf(nova.url)).solve(PICTURE, {
      position: { raDeg: 1, decDeg: 2, radiusDeg: 3 },
    });
    expect(outcome).toMatchObject({
      status: 'unsolved',
      reason: 'exhausted',
      message:
        'the server found no place in the sky that fits (job 101, submission 1); ' +
        'it looked only within 3 deg of the position given',
      report: { remote: { submissionId: 1, jobId: 101 } },
    });
  });

  test('in time is an outcome that says how to look at it later', async () => {
    const nova = await recordedServer(['solving']);
    const session = sessionOf(nova.url, { clock: undefined as never });
    const outcome = await createNovaSolver(session, { intervalMs: 5 }).solve(PICTURE, {}, { timeoutMs: 1500 });
    expect(outcome).toMatchObject({ status: 'unsolved', reason: 'time-limit', report: { remote: { jobId: 101 } } });
    expect((outcome as { message: string }).message).toMatch(/submission 1.*solve status 1$/);
  });

  test('from a submission that failed is an error', async () => {
    const nova = await startNova();
    nova.onUpload = ({ subid }) =>
      nova.script(`/api/submissions/${subid}`, {
        user: 1,
        processing_started: '2026-11-20 23:31:29',
        processing_finished: '2026-11-20 23:31:29',
        user_images: [],
        images: [],
        jobs: [],
        job_calibrations: [],
        error_message: '...Traceback\nValueError: no stars in it',
      });
    const solving = createNovaSolver(sessionOf(nova.url)).solve(PICTURE);
    await expect(solving).rejects.toBeInstanceOf(SubmissionFailedError);
    await expect(solving).rejects.toThrow('submission 1: the server could not use it: ValueError: no stars in it');
  });

  test('after a cancel: the reason of the signal comes at once', async () => {
    const nova = await recordedServer(['solving']);
    const abort = new AbortController();
    const solver = createNovaSolver(sessionOf(nova.url, { clock: undefined as never }));
    const onSubmitted = (): void => abort.abort(new Error('enough'));
    await expect(solver.solve(PICTURE, {}, { signal: abort.signal, onSubmitted })).rejects.toThrow('enough');
  });
});

describe('a submission that another process has made', () => {
  test('is waited for, and nothing is sent', async () => {
    const nova = await recordedServer();
    const solver = createNovaSolver(sessionOf(nova.url));
    const numbers: RemoteJob[] = [];
    const onSubmitted = (remote: RemoteJob): void => void numbers.push(remote);
    await solver.solve(PICTURE, {}, { onSubmitted });
    nova.requests.length = 0;
    const outcome = await solve(PICTURE, { engines: ['embedded', solver], submitted: numbers[0]! });
    expect(solutionOf(outcome)).toMatchObject({ engine: 'nova' });
    expect(outcome.report.notes).toContain('picked up submission 1');
    expect(nova.count('upload')).toBe(0);
  });

  test('is made again only if the server does not know it any more', async () => {
    const nova = await recordedServer();
    const solver = createNovaSolver(sessionOf(nova.url));
    const outcome = await solver.solve(PICTURE, {}, { submitted: { server: nova.url, submissionId: 77 } });
    expect(outcome.status).toBe('solved');
    expect(nova.count('upload')).toBe(1);
  });

  test('of another server has nothing to do with this one', async () => {
    const nova = await recordedServer();
    const submitted = { server: 'https://example.org', submissionId: 1 };
    await createNovaSolver(sessionOf(nova.url)).solve(PICTURE, {}, { submitted });
    expect(nova.count('upload')).toBe(1);
  });

  test('that cannot be written down ends it', async () => {
    const nova = await recordedServer();
    const onSubmitted = (): Promise<void> => Promise.reject(new SolveError('FILE_UNWRITABLE', 'the disk is full'));
    const solving = createNovaSolver(sessionOf(nova.url)).solve(PICTURE, {}, { onSubmitted });
    await expect(solving).rejects.toThrow('the disk is full');
  });
});

describe('the order of engines', () => {
  test('asks nobody else when the first has found the place', async () => {
    const nova = await recordedServer();
    const outcome = await solve(PICTURE, { engines: ['embedded', createNovaSolver(sessionOf(nova.url))] });
    expect(solutionOf(outcome).engine).toBe('embedded');
    expect(nova.requests).toEqual([]);
  });

  test('goes on where the first has found none, and tells what it said', async () => {
    const nova = await recordedServer();
    const empty = { name: 'nobody', solve: async (): Promise<Outcome> => UNSOLVED };
    const outcome = await solve(PICTURE, { engines: [empty, createNovaSolver(sessionOf(nova.url))] });
    expect(solutionOf(outcome).engine).toBe('nova');
    expect(outcome.report.notes[0]).toBe('nobody: found nothing');
  });

  test('goes on where the first cannot read the input; a file that is not there ends it', async () => {
    const nova = await recordedServer();
    const engines = ['embedded' as const, createNovaSolver(sessionOf(nova.url))];
    expect(solutionOf(await solve(new URL('http://example.org/a.jpg'), { engines })).engine).toBe('nova');
    await expect(solve('/no/such/file.fits', { engines })).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await expect(solve(new URL('http://example.org/a.jpg'))).rejects.toMatchObject({ code: 'URL_NOT_TAKEN' });
  });

  test('tells both when the second fails', async () => {
    const nova = await recordedServer();
    const session = sessionOf(nova.url, { retries: 0 });
    await nova.close();
    const empty = { name: 'nobody', solve: async (): Promise<Outcome> => UNSOLVED };
    const solving = solve(PICTURE, { engines: [empty, createNovaSolver(session)] });
    await expect(solving).rejects.toMatchObject({
      code: 'NETWORK',
      message: expect.stringMatching(/connection was refused.*\(before: nobody: found nothing\)$/) as string,
    });
  });
});

const UNSOLVED: Outcome = {
  status: 'unsolved',
  reason: 'exhausted',
  message: 'found nothing',
  report: { stages: {}, sources: 0, fwhm: 0, candidates: 0, notes: [] },
};
