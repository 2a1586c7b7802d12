import type { Outcome } from '../solution.ts';
import { DEGREE } from '../math/sphere.ts';
import { wcsToCards } from '../wcs/header.ts';

/** Keys of the linear part, in ASTAP's order. */
const WCS_KEYS = ['CRPIX1', 'CRPIX2', 'CRVAL1', 'CRVAL2'] as const;
const CD_KEYS = ['CD1_1', 'CD1_2', 'CD2_1', 'CD2_2'] as const;

/** How an image ended, as the words of an `.ini` of ASTAP. */
export type IniResult = Outcome | { readonly status: 'error'; readonly message: string };

/**
 * The result file of ASTAP, by which N.I.N.A. and others learn how a solve ended: `PLTSOLVD`, the linear WCS in degrees,
 * and what went wrong. Distortion has no place in it.
 *
 * @param commandLine how the program was called; becomes `CMDLINE`
 */
export function writeAstapIni(result: IniResult, commandLine: string): string {
  const lines: string[] = [`PLTSOLVD=${result.status === 'solved' ? 'T' : 'F'}`];
  if (result.status === 'solved') {
    const { wcs, width, height } = result.solution;
    const cards = wcsToCards(wcs, { width, height });
    const [a, b, c, d] = wcs.cd;
    // As ASTAP has them: a mirrored image is told by a positive CDELT1, and both axes by their own turn.
    const sign = a * d - b * c < 0 ? -1 : 1;
    const linear = {
      CDELT1: sign * Math.hypot(a, c),
      CDELT2: Math.hypot(b, d),
      CROTA1: Math.atan2(sign * c, sign * a) / DEGREE,
      CROTA2: Math.atan2(-b, d) / DEGREE,
    };
    for (const key of WCS_KEYS) lines.push(`${key}=${exponent(Number(cards[key]))}`);
    for (const [key, value] of Object.entries(linear)) lines.push(`${key}=${exponent(value)}`);
    for (const key of CD_KEYS) lines.push(`${key}=${exponent(Number(cards[key]))}`);
    lines.push(`DIMENSIONS=${width} x ${height}`);
  }
  lines.push(`CMDLINE=${oneLine(commandLine)}`);
  if (result.status === 'unsolved') {
    lines.push(`ERROR=${result.reason === 'too-few-sources' ? 'Not enough stars.' : oneLine(result.message)}`);
  } else if (result.status === 'error') {
    lines.push(`ERROR=${oneLine(result.message)}`);
  }
  return `${lines.join('\r\n')}\r\n`;
}

/** The keys and values of an `.ini` as ASTAP writes it. */
export function readAstapIni(text: string): Map<string, string> {
  return new Map(
    text.split(/\r?\n/).flatMap((line) => {
      const equals = line.indexOf('=');
      return equals < 1 ? [] : [[line.slice(0, equals).trim(), line.slice(equals + 1).trim()] as const];
    }),
  );
}

/** As Pascal writes numbers: ` 1.2345678901234567E+002`. */
function exponent(value: number): string {
  const [mantissa = '', power = '+0'] = value.toExponential(16).split('e');
  return `${value < 0 ? '' : ' '}${mantissa}E${power[0]}${power.slice(1).padStart(3, '0')}`;
}

function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ');
}
