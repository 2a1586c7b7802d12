import { SolveError } from '../errors.ts';
import type { HeaderHint, Hints } from '../hints.ts';

/** A pixel scale from a header is taken to be right within this factor. */
const SCALE_SLACK = 1.12;
/** Pointing from a header is looked for within so many field widths, and not less than so many degrees. */
const POSITION_WIDTHS = 1.5;
const POSITION_LEAST_DEG = 3;
const POSITION_MOST_DEG = 30;
/** Radius when the field width is unknown, degrees. */
const POSITION_BLIND_DEG = 10;
/** No gnomonic image is wider, in practice; the scale at its centre would tend to infinity. */
const WIDEST_DEG = 170;
/** The frame before: a mount that tracks, a filter that shifts the focus, a nudge of the telescope. */
const PREVIOUS_SLACK = 1.02;
const PREVIOUS_RADII = 1;
/** More combinations would cost more time than the blind search. */
const MOST_GUESSES = 12;

/**
 * What may hold, from what the user said and what the file says. The user's word goes before the file's; positions and
 * scales of a file are combined, and each also stands alone, since one may be wrong while the other is right.
 */
export function guessesOf(user: Hints, header: readonly HeaderHint[], width: number): Hints[] {
  const parity = user.parity === undefined ? {} : { parity: user.parity };
  const said = scaleOf(user, width);
  const scales = said
    ? [said]
    : header.flatMap((hint) =>
        hint.kind === 'scale'
          ? [{ lowArcsec: hint.scaleArcsec / SCALE_SLACK, highArcsec: hint.scaleArcsec * SCALE_SLACK }]
          : [],
      );
  const places = user.position
    ? [user.position]
    : header.flatMap((hint) => (hint.kind === 'position' ? [{ raDeg: hint.raDeg, decDeg: hint.decDeg }] : []));
  const guesses: Hints[] = user.previous === undefined ? [] : [likePrevious(user.previous)];
  for (const scale of scales) {
    for (const place of places) guesses.push({ scale, position: withRadius(place, scale, width), ...parity });
  }
  if (scales.length === 0)
    for (const place of places) guesses.push({ position: withRadius(place, undefined, width), ...parity });
  for (const scale of scales) guesses.push({ scale, ...parity });
  if (scales.length + places.length === 0 && user.parity !== undefined) guesses.push(parity);
  return guesses.slice(0, MOST_GUESSES);
}

function likePrevious({ raDeg, decDeg, radiusDeg, scaleArcsec, parity }: NonNullable<Hints['previous']>): Hints {
  return {
    position: { raDeg, decDeg, radiusDeg: PREVIOUS_RADII * radiusDeg },
    scale: { lowArcsec: scaleArcsec / PREVIOUS_SLACK, highArcsec: scaleArcsec * PREVIOUS_SLACK },
    parity,
  };
}

/** The scale that the user gave, be it by the width of the field. */
function scaleOf({ scale, fieldWidth }: Hints, width: number): Hints['scale'] | undefined {
  if (fieldWidth === undefined) return scale;
  if (scale !== undefined) throw new SolveError('BAD_ARGUMENT', 'hints: fieldWidth and scale are both given');
  return { lowArcsec: widthToScale(fieldWidth.lowDeg, width), highArcsec: widthToScale(fieldWidth.highDeg, width) };
}

/** Pixel scale at the centre of an undistorted gnomonic image, arcsec, from the width of its field. */
function widthToScale(widthDeg: number, widthPixels: number): number {
  const halfWidth = (Math.min(widthDeg, WIDEST_DEG) * Math.PI) / 360;
  return ((2 * Math.tan(halfWidth)) / widthPixels) * (180 / Math.PI) * 3600;
}

interface Place {
  readonly raDeg: number;
  readonly decDeg: number;
  readonly radiusDeg?: number;
}

function withRadius(place: Place, scale: Hints['scale'], width: number): NonNullable<Hints['position']> {
  const widthDeg = scale === undefined ? POSITION_BLIND_DEG / POSITION_WIDTHS : (scale.highArcsec * width) / 3600;
  const guess = Math.min(POSITION_MOST_DEG, Math.max(POSITION_LEAST_DEG, POSITION_WIDTHS * widthDeg));
  return { raDeg: place.raDeg, decDeg: place.decDeg, radiusDeg: place.radiusDeg ?? guess };
}
