import { expect, test } from 'vitest';
import { escapeControls } from '../../src/cli/escape.ts';
import { worse } from '../../src/cli/exit-code.ts';
import { createProgressLine } from '../../src/cli/progress.ts';
import { renderJson } from '../../src/cli/render-json.ts';
import { renderBlock, renderLine, renderReport } from '../../src/cli/render-text.ts';
import { faultLine, faultRecord } from '../../src/cli/result.ts';
import type { ImageAnswer } from '../../src/cli/result.ts';
import { SolveError } from '../../src/errors.ts';
import type { Solution } from '../../src/solution.ts';
import { calibrate } from '../../src/wcs/calibration.ts';
import type { Wcs } from '../../src/wcs/wcs.ts';

const WCS: Wcs = { crval: [130.1, -19.67], crpix: [749.5, 499.5], cd: [-0.001, 0, 0, 0.001] };
const MATCHES = 87;
const SOLUTION: Solution = {
  engine: 'embedded',
  width: 1500,
  height: 1000,
  rowOrder: 'bottom-up',
  wcs: WCS,
  calibration: calibrate(WCS, 1500, 1000, 'bottom-up'),
  matches: {
    x: new Float64Array(MATCHES),
    y: new Float64Array(MATCHES),
    ra: new Float64Array(MATCHES),
    dec: new Float64Array(MATCHES),
    magnitude: new Float32Array(MATCHES),
    residual: new Float32Array(MATCHES),
  },
  rms: 0.31,
  logOdds: 412.7,
};
const REPORT = {
  stages: { read: 11.6, detect: 40.2 },
  sources: 120,
  fwhm: 2.84,
  candidates: 9,
  notes: ['solved by a rung'],
};
const SOLVED: ImageAnswer = { outcome: { status: 'solved', solution: SOLUTION, report: REPORT }, elapsedMs: 212.4 };
const UNSOLVED: ImageAnswer = {
  outcome: { status: 'unsolved', reason: 'exhausted', message: 'Everything was tried.', report: REPORT },
  elapsedMs: 3021,
};

test('a solution is a block for a person', () => {
  expect(renderBlock('m44.fits', SOLVED)).toMatchInlineSnapshot(`
    "m44.fits: solved in 0.21 s by embedded
      centre     08h40m24.0s -19d40m12s   130.100000 -19.670000 deg (ICRS)
      field      1.500 x 1.000 deg, radius 0.9013 deg
      scale      3.6 arcsec/px (1500 x 1000 px)
      rotation   up is 0.00 deg east of north; not mirrored (parity -1)
      match      87 stars, residual 0.31 px, log-odds 412.7
      model      TAN
    "
  `);
});

test('a solution is one line for a pipe', () => {
  expect(renderLine('m44.fits', SOLVED)).toMatchInlineSnapshot(`
    "m44.fits: solved: ra 130.100000 dec -19.670000, field 1.500 x 1.000 deg, scale 3.6 arcsec/px, up 0.00 deg E of N, parity -1, 87 stars, rms 0.31 px, embedded 0.21 s
    "
  `);
});

test('a solution is one JSON object', () => {
  expect(JSON.parse(renderJson('m44.fits', SOLVED))).toMatchInlineSnapshot(`
    {
      "dec": -19.67,
      "elapsedMs": 212,
      "engine": "embedded",
      "fieldHeight": 0.999975,
      "fieldWidth": 1.499914,
      "file": "m44.fits",
      "height": 1000,
      "logOdds": 412.7,
      "matched": 87,
      "mirrored": false,
      "orientation": 0,
      "parity": -1,
      "pixelScale": 3.6,
      "positionAngle": 0,
      "ra": 130.1,
      "radius": 0.901313,
      "rms": 0.31,
      "status": "solved",
      "wcs": {
        "CD1_1": -0.001,
        "CD1_2": 0,
        "CD2_1": 0,
        "CD2_2": 0.001,
        "CRPIX1": 750.5,
        "CRPIX2": 500.5,
        "CRVAL1": 130.1,
        "CRVAL2": -19.67,
        "CTYPE1": "RA---TAN",
        "CTYPE2": "DEC--TAN",
        "CUNIT1": "deg",
        "CUNIT2": "deg",
        "EQUINOX": 2000,
        "IMAGEH": 1000,
        "IMAGEW": 1500,
        "LATPOLE": 0,
        "LONPOLE": 180,
        "RADESYS": "ICRS",
        "WCSAXES": 2,
      },
      "width": 1500,
    }
  `);
});

test('no solution is told with its reason', () => {
  expect(renderBlock('noise.fits', UNSOLVED)).toBe('noise.fits: no solution after 3.02 s\n  Everything was tried.\n');
  expect(renderLine('noise.fits', UNSOLVED)).toBe('noise.fits: unsolved: Everything was tried. (3.02 s)\n');
  expect(JSON.parse(renderJson('noise.fits', UNSOLVED))).toEqual({
    file: 'noise.fits',
    status: 'unsolved',
    reason: 'Everything was tried.',
    reasonCode: 'exhausted',
    elapsedMs: 3021,
  });
});

test('--verbose tells notes, sources and stages', () => {
  expect(renderReport('a.fits', SOLVED.outcome)).toEqual([
    'a.fits: solved by a rung',
    'a.fits: 120 sources, fwhm 2.8 px, 9 candidates looked at',
    'a.fits: stages: read 12 ms, detect 40 ms',
  ]);
});

test('a fault names the file once, ends its sentence, and says what to do', () => {
  const fault = faultRecord(new SolveError('FILE_EMPTY', 'a.fits: the file has 0 bytes'));
  const line = 'a.fits: the file has 0 bytes. Copy the file again, or wait until the camera has written it.';
  expect(faultLine(fault, 'a.fits')).toBe(line);
  expect(faultLine({ ...fault, message: 'the file has 0 bytes.' }, 'a.fits')).toBe(line);
});

test('an unexpected error is an INTERNAL fault that keeps its message', () => {
  expect(faultRecord(new TypeError('x is not a function'))).toMatchObject({
    code: 'INTERNAL',
    message: 'unexpected failure: TypeError: x is not a function',
  });
  expect(faultRecord('thrown text')).toMatchObject({ code: 'INTERNAL', message: 'unexpected failure: thrown text' });
});

test('the graver exit code wins: 130, 2, 4, 5, 3, 1, 0', () => {
  const order = [130, 2, 4, 5, 3, 1, 0];
  for (const [i, graver] of order.entries()) {
    for (const milder of order.slice(i)) {
      expect(worse(graver, milder)).toBe(graver);
      expect(worse(milder, graver)).toBe(graver);
    }
  }
});

test('controls are shown, never obeyed', () => {
  expect(escapeControls('a\nb\rc\td\u001b[31m\u0085\u202egnp.')).toBe('a\\nb\\rc\\td\\x1b[31m\\x85\\u202egnp.');
  expect(escapeControls('Ωρίων 東京 ✨')).toBe('Ωρίων 東京 ✨');
});

test('the progress line counts images and leaves nothing behind', () => {
  const drawn: string[] = [];
  const line = createProgressLine(2, (text) => drawn.push(text));
  line.update('a.fits', { stage: 'search', fraction: 0.345 });
  line.update('a.fits', { stage: 'search', fraction: 0.346 });
  line.finish();
  line.update('b.fits', { stage: 'detect' });
  expect(drawn).toEqual(['[1/2] a.fits: searching the sky 35 %', '', '[2/2] b.fits: finding stars']);
});
