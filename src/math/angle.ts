import { DEGREE, wrap } from './sphere.ts';

/** Degrees to radians. */
export function toRadians(degrees: number): number {
  return degrees * DEGREE;
}

/** Radians to degrees. */
export function toDegrees(radians: number): number {
  return radians / DEGREE;
}

/** The same direction in 0 <= result < 360, degrees; the argument is finite. */
export function wrap360(degrees: number): number {
  return wrap(degrees, 360);
}

/** The same direction in -180 <= result < 180, degrees; the argument is finite. */
export function wrap180(degrees: number): number {
  const wrapped = wrap360(degrees);
  return wrapped >= 180 ? wrapped - 360 : wrapped;
}

/** An angle as it was written: the number, and what was said about its unit. */
export interface WrittenAngle {
  /** In the unit written: hours for `12h34m`, degrees for `12d34m`; unknown yet for `12:34` or `12.5`. */
  readonly value: number;
  /** `hours` or `degrees` if a unit letter or sign stands there. */
  readonly unit: 'hours' | 'degrees' | undefined;
  /** Whether minutes stand behind the first number. */
  readonly sexagesimal: boolean;
}

/** The longest text looked at: an angle to sixteen digits in the wordiest spelling fits several times. */
const MAX_TEXT = 64;

/** Signs that typesetting programs, web pages and almanacs use for the plain ones. */
const PLAIN: readonly (readonly [RegExp, string])[] = [
  [/[\u2212\u2012\u2013\u2014]/g, '-'],
  [/[\u00b0\u00ba\u02da*]/g, '°'],
  [/\u02b0/g, 'h'],
  [/\u1d50/g, 'm'],
  [/\u02e2/g, 's'],
  [/''/g, '"'],
  [/[\u2033\u201d\u201c]/g, '"'],
  [/[\u2032\u2019\u2018\u00b4`]/g, "'"],
];

const DECIMAL = /^([+-]?)\s*(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)\s*(h|hr|hrs|hours?|d|deg|degrees?|°)?$/i;
const SEXAGESIMAL =
  /^([+-]?)\s*(\d{1,3})\s*(h|hr|d|deg|°|:|\s)\s*(\d{1,2}(?:\.\d*)?)\s*(?:(m|min|'|:|\s)\s*(?:(\d{1,2}(?:\.\d*)?)\s*(?:s|sec|")?)?)?$/i;

/**
 * Reads an angle in any usual spelling: `12.5`, `12.5d`, `12:34:56.7`, `12h34m56s`, `12 34 56`, `-00 30 00`
 * (minus zero keeps its sign), `+45°10'20"`, `12:34.5`.
 *
 * Seconds of exactly 60 are let through: careless rounding writes them, and their meaning is plain.
 *
 * @returns undefined if the text is no angle
 */
export function parseAngle(text: string): WrittenAngle | undefined {
  if (text.length > MAX_TEXT) return undefined;
  let plain = text;
  for (const [odd, usual] of PLAIN) plain = plain.replace(odd, usual);
  plain = plain.trim();

  const decimal = DECIMAL.exec(plain);
  if (decimal) {
    const value = Number(decimal[2]);
    if (!Number.isFinite(value)) return undefined;
    return { value: decimal[1] === '-' ? -value : value, unit: unitOf(decimal[3]), sexagesimal: false };
  }

  const parts = SEXAGESIMAL.exec(plain);
  if (!parts) return undefined;
  const minutes = Number(parts[4]);
  const seconds = Number(parts[6] ?? 0);
  // Only the last number may have a fraction.
  if (parts[6] !== undefined && parts[4]!.includes('.')) return undefined;
  if (minutes >= 60 || seconds > 60) return undefined;
  const value = Number(parts[2]) + minutes / 60 + seconds / 3600;
  return { value: parts[1] === '-' ? -value : value, unit: unitOf(parts[3]), sexagesimal: true };
}

function unitOf(mark: string | undefined): 'hours' | 'degrees' | undefined {
  if (mark === undefined) return undefined;
  if (/^h/i.test(mark)) return 'hours';
  return /^(d|°)/i.test(mark) ? 'degrees' : undefined;
}

/**
 * Right ascension in degrees, 0 <= result < 360.
 *
 * A plain number is degrees (0 to 360); sexagesimal text is hours (below 24) unless it says degrees (`123d30m`);
 * `8.5h` is hours.
 *
 * @returns undefined if it is no right ascension
 */
export function parseRa(written: string | number): number | undefined {
  const angle: WrittenAngle | undefined =
    typeof written === 'number' ? { value: written, unit: undefined, sexagesimal: false } : parseAngle(written);
  if (!angle) return undefined;
  const { value } = angle;
  if (angle.unit === 'hours' || (angle.unit === undefined && angle.sexagesimal)) {
    return value >= 0 && value < 24 ? wrap360(value * 15) : undefined;
  }
  return value >= 0 && value <= 360 ? wrap360(value) : undefined;
}

/**
 * Declination in degrees, -90 to 90, from a number or text in any usual spelling.
 *
 * @returns undefined if it is no declination
 */
export function parseDec(written: string | number): number | undefined {
  const angle: WrittenAngle | undefined =
    typeof written === 'number' ? { value: written, unit: 'degrees', sexagesimal: false } : parseAngle(written);
  if (!angle || angle.unit === 'hours') return undefined;
  return angle.value >= -90 && angle.value <= 90 ? angle.value : undefined;
}

/**
 * Right ascension as people write it: `08h40m24.0s`.
 *
 * @param raDeg degrees, finite; any turn
 * @param decimals of the seconds, 0 to 9
 */
export function formatRa(raDeg: number, decimals: number = 1): string {
  const unit = 10 ** decimals;
  // Rounded once, as a whole number of the last digit, so that no field ever shows 60.
  const ticks = Math.round((wrap360(raDeg) / 15) * 3600 * unit) % (24 * 3600 * unit);
  const { first, minutes, seconds } = split(ticks, unit, decimals);
  return `${first}h${minutes}m${seconds}s`;
}

/**
 * Declination, or any signed angle below 100 degrees, as people write it: `+19d40m12s`.
 *
 * @param decDeg degrees, finite
 * @param decimals of the seconds, 0 to 9
 */
export function formatDec(decDeg: number, decimals: number = 0): string {
  const unit = 10 ** decimals;
  const ticks = Math.round(Math.abs(decDeg) * 3600 * unit);
  const { first, minutes, seconds } = split(ticks, unit, decimals);
  return `${decDeg < 0 && ticks > 0 ? '-' : '+'}${first}d${minutes}m${seconds}s`;
}

function split(ticks: number, unit: number, decimals: number): { first: string; minutes: string; seconds: string } {
  const perMinute = 60 * unit;
  const wholeMinutes = Math.floor(ticks / perMinute);
  const seconds = ((ticks % perMinute) / unit).toFixed(decimals);
  return {
    first: String(Math.floor(wholeMinutes / 60)).padStart(2, '0'),
    minutes: String(wholeMinutes % 60).padStart(2, '0'),
    seconds: seconds.padStart(decimals > 0 ? decimals + 3 : 2, '0'),
  };
}
