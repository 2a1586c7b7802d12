import { chooseObjects } from '../annotate/choice.ts';
import { formatDec, formatRa } from '../math/angle.ts';
import type { FieldObject } from '../objects/field-objects.ts';
import type { Solution } from '../solution.ts';

/** Objects as `--json` lists them: pixels are 0-based, numbers rounded below what they can mean. */
export function objectRecords(objects: readonly FieldObject[]): Record<string, unknown>[] {
  return objects.map((object) => ({
    name: object.name,
    designations: object.designations,
    commonNames: object.commonNames,
    type: object.type,
    ra: round(object.ra, 6),
    dec: round(object.dec, 6),
    x: round(object.x, 2),
    y: round(object.y, 2),
    centreInside: object.centreInside,
    magnitude: object.magnitude,
    majorArcmin: object.majorArcmin,
    minorArcmin: object.minorArcmin,
    positionAngle: object.positionAngle,
    majorPx: optional(object.majorPx),
    minorPx: optional(object.minorPx),
    anglePx: optional(object.anglePx),
  }));
}

/** Objects for a person, a line each, indented: those that `--annotate` draws, and how many there are beyond. */
export function renderObjects(objects: readonly FieldObject[], solution: Solution): string {
  const { calibration, width, height } = solution;
  const { deepSky, stars } = chooseObjects(objects, calibration.radius, Math.min(width, height));
  const shown = [...deepSky, ...stars];
  const rows = shown.map((object) => [
    object.name,
    object.type,
    `${formatRa(object.ra)} ${formatDec(object.dec)}`,
    object.magnitude === undefined ? '' : `${object.magnitude.toFixed(1)} mag`,
    sizeOf(object),
    `x ${object.x.toFixed(1)} y ${object.y.toFixed(1)}`,
    object.commonNames.filter((name) => name !== object.name).join(', '),
  ]);
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  );
  const more = objects.length - shown.length;
  if (shown.length === 0) lines.push('no object worth a name is in the field');
  if (more > 0) lines.push(`and ${more} small or faint ones: --json lists all`);
  return lines.map((line) => `    ${line}\n`).join('');
}

function sizeOf({ majorArcmin: major, minorArcmin: minor }: FieldObject): string {
  if (major === undefined || minor === undefined) return '';
  return major === minor ? `${major.toFixed(1)}'` : `${major.toFixed(1)}' x ${minor.toFixed(1)}'`;
}

function optional(value: number | undefined): number | undefined {
  return value === undefined ? undefined : round(value, 2);
}

function round(value: number, decimals: number): number {
  const unit = 10 ** decimals;
  // Adding 0 turns -0 into 0.
  return Math.round(value * unit) / unit + 0;
}
