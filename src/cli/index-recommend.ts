import { SolveError } from '../errors.ts';
import { presetScale } from '../skyindex/index-quads.ts';
import type { OptionValues } from './command.ts';
import { escapeControls } from './escape.ts';
import { BUNDLED_WIDTHS, findNeeds, type NeededScale, readWantedField, type WantedField } from './index-need.ts';
import { shownBytes } from './index-options.ts';
import type { Terminal } from './terminal.ts';

/** `solve index recommend`. */
export async function recommendIndexes(
  operands: readonly string[],
  values: OptionValues,
  terminal: Terminal,
): Promise<number> {
  if (operands.length > 0)
    throw new SolveError('BAD_OPTION', 'index recommend takes no names: --like IMAGE or --fov DEG');
  const field = await readWantedField(values);
  if (field === undefined) throw new SolveError('BAD_OPTION', 'index recommend needs --like IMAGE or --fov DEG');
  const needs = await findNeeds(field, values);
  const bundled = field.widthDeg >= BUNDLED_WIDTHS[0];
  const lacking = !bundled && !needs.some(({ covered }) => covered);
  terminal.out(
    values.has('json') ? `${JSON.stringify(asJson(field, bundled, needs))}\n` : asText(field, bundled, needs),
  );
  if (lacking && !values.has('json')) {
    const like = values.get('like');
    const at = field.place ? ` --ra ${field.place.raDeg.toFixed(3)} --dec ${field.place.decDeg.toFixed(3)}` : '';
    const command =
      typeof like === 'string' && !values.has('fov')
        ? `--like ${like}`
        : `--fov ${Number(field.widthDeg.toPrecision(3))}${at}`;
    terminal.note(`solve index install ${command} fetches the first of them`);
  }
  return lacking ? 1 : 0;
}

function asJson({ widthDeg, place, from }: WantedField, bundled: boolean, needs: readonly NeededScale[]): object {
  return {
    fieldWidth: Number(widthDeg.toPrecision(6)),
    ...(place === undefined ? {} : { ra: place.raDeg, dec: place.decDeg }),
    from,
    bundled,
    scales: needs.map(({ scale, there, covered, published }) => ({
      scale,
      quadsArcmin: [presetScale(scale).lowArcmin, presetScale(scale).highArcmin],
      covered,
      there: there.map(({ path }) => path),
      published: published.map(({ series, files }) => ({
        series: series.name,
        stars: series.stars,
        bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
        files: files.map(({ name }) => name),
      })),
    })),
  };
}

function asText({ widthDeg, place, from }: WantedField, bundled: boolean, needs: readonly NeededScale[]): string {
  const at = place === undefined ? '' : ` at ${place.raDeg.toFixed(3)} ${place.decDeg.toFixed(3)}`;
  const lines = [`a field ${Number(widthDeg.toPrecision(3))} degrees wide${at} (${escapeControls(from)})`];
  lines.push(
    bundled
      ? 'the data that come with the program hold it; where they find nothing, these help:'
      : 'narrower than what the data that come with the program hold; any of these scales serves, the first best:',
  );
  for (const { scale, there, covered, published } of needs) {
    const { lowArcmin, highArcmin } = presetScale(scale);
    const state = covered ? 'is there' : there.length > 0 ? `only in part there (${there.length} files)` : 'is missing';
    lines.push(`  scale ${String(scale).padStart(2, '0')}, quads of ${lowArcmin}' to ${highArcmin}': ${state}`);
    for (const { path } of there.slice(0, 4)) lines.push(`    ${escapeControls(path)}`);
    if (there.length > 4) lines.push(`    and ${there.length - 4} more`);
    if (covered) continue;
    for (const { series, files } of published) {
      const bytes = shownBytes(files.reduce((sum, file) => sum + file.bytes, 0));
      const names =
        files.length === 1 ? files[0]!.name : `${files[0]!.name} to ${files.at(-1)!.name}, ${files.length} files`;
      lines.push(`    ${names}: ${bytes}, ${series.stars}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
