import fc from 'fast-check';
import { expect, test } from 'vitest';
import { outcomeToRecord, recordToOutcome } from '../../src/pipeline/outcome-record.ts';
import type { Outcome, Solution } from '../../src/solution.ts';

/** JSON knows no negative zero. */
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0);
const orNaN = fc.oneof(number, fc.constant(Number.NaN));
const text = fc.string({ unit: 'binary' });

const doubles = (length: number, item = number): fc.Arbitrary<Float64Array> =>
  fc.array(item, { minLength: length, maxLength: length }).map((list) => Float64Array.from(list));
const floats = (length: number): fc.Arbitrary<Float32Array> =>
  fc
    .array(fc.oneof(fc.float({ noNaN: true, noDefaultInfinity: true }), fc.constant(Number.NaN)), {
      minLength: length,
      maxLength: length,
    })
    .map((list) => Float32Array.from(list, (x) => x + 0));

const sip = fc.tuple(fc.integer({ min: 2, max: 5 }), fc.integer({ min: 1, max: 6 })).chain(([order, inverseOrder]) => {
  const terms = (n: number): number => ((n + 1) * (n + 2)) / 2;
  const [one, two] = [doubles(terms(order)), doubles(terms(inverseOrder))];
  return fc.record({
    order: fc.constant(order),
    inverseOrder: fc.constant(inverseOrder),
    a: one,
    b: one,
    ap: two,
    bp: two,
  });
});

const remote = fc.record(
  { server: fc.webUrl(), submissionId: fc.nat(), jobId: fc.nat() },
  { requiredKeys: ['server', 'submissionId'] },
);

const report = fc.record(
  {
    // Any name may stand there, those of arrays as well.
    stages: fc.dictionary(fc.oneof(text, fc.constantFrom('x', 'a', 'rms', 'magnitude')), number),
    sources: fc.nat(),
    fwhm: orNaN,
    candidates: fc.nat(),
    notes: fc.array(text),
    remote,
  },
  { requiredKeys: ['stages', 'sources', 'fwhm', 'candidates', 'notes'] },
);

const calibration = fc.record({
  ra: number,
  dec: number,
  radius: number,
  pixelScale: number,
  orientation: number,
  parity: fc.constantFrom(1 as const, -1 as const),
  positionAngle: number,
  mirrored: fc.boolean(),
  fieldWidth: number,
  fieldHeight: number,
});

const reported = fc.record(
  {
    ra: number,
    dec: number,
    radius: number,
    pixelScale: number,
    orientation: number,
    parity: number,
    widthArcsec: number,
    heightArcsec: number,
  },
  { requiredKeys: ['ra', 'dec', 'radius', 'pixelScale', 'orientation', 'parity'] },
);

const matches = fc.nat({ max: 20 }).chain((n) =>
  fc.record({
    x: doubles(n),
    y: doubles(n),
    ra: doubles(n, orNaN),
    dec: doubles(n, orNaN),
    magnitude: floats(n),
    residual: floats(n),
  }),
);

const solution: fc.Arbitrary<Solution> = fc.record(
  {
    engine: fc.constantFrom('embedded', 'nova', 'solve-field'),
    width: fc.nat(),
    height: fc.nat(),
    rowOrder: fc.constantFrom('bottom-up' as const, 'top-down' as const),
    wcs: fc.record(
      {
        crval: fc.tuple(number, number),
        crpix: fc.tuple(number, number),
        cd: fc.tuple(number, number, number, number),
        sip,
      },
      { requiredKeys: ['crval', 'crpix', 'cd'] },
    ),
    calibration,
    matches,
    rms: orNaN,
    logOdds: orNaN,
    reported,
  },
  {
    requiredKeys: ['engine', 'width', 'height', 'rowOrder', 'wcs', 'calibration', 'matches', 'rms', 'logOdds'],
  },
);

const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({ status: fc.constant('solved' as const), solution, report }),
  fc.record({
    status: fc.constant('unsolved' as const),
    reason: fc.constantFrom(
      'too-few-sources' as const,
      'exhausted' as const,
      'no-index' as const,
      'time-limit' as const,
    ),
    message: text,
    report,
  }),
);

test('every outcome comes back from text as it was: all numbers, NaN, and arrays of their kind', () => {
  fc.assert(
    fc.property(outcome, (before) => {
      const text = JSON.stringify(outcomeToRecord(before));
      expect(recordToOutcome(JSON.parse(text))).toEqual(before);
    }),
  );
});
