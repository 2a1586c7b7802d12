import { formatDec, formatRa } from '../math/angle.ts';
import type { Outcome, Solution } from '../solution.ts';
import { escapeControls } from './escape.ts';
import type { ImageAnswer } from './result.ts';

/** The answer for one image as a block for a person, with the newline. */
export function renderBlock(file: string, answer: ImageAnswer): string {
  const { outcome } = answer;
  const name = escapeControls(file);
  const time = seconds(answer.elapsedMs);
  if (outcome.status === 'unsolved') {
    return `${name}: no solution after ${time}\n  ${escapeControls(outcome.message)}\n`;
  }
  const { solution } = outcome;
  const rows = [...solutionRows(solution), ...remoteRows(outcome)].map(
    ([label, text]) => `  ${label.padEnd(10)} ${text}\n`,
  );
  return `${name}: solved in ${time} by ${solution.engine}\n${rows.join('')}`;
}

/** The answer for one image as one line for a log or a pipe, with the newline. */
export function renderLine(file: string, answer: ImageAnswer): string {
  const { outcome } = answer;
  const name = escapeControls(file);
  const time = seconds(answer.elapsedMs);
  if (outcome.status === 'unsolved') return `${name}: unsolved: ${escapeControls(outcome.message)} (${time})\n`;
  const { calibration: c, matches, rms, engine } = outcome.solution;
  const parts = [
    `ra ${c.ra.toFixed(6)} dec ${signed(c.dec, 6)}`,
    `field ${degrees(c.fieldWidth)} x ${degrees(c.fieldHeight)} deg`,
    `scale ${significant(c.pixelScale)} arcsec/px`,
    `up ${c.positionAngle.toFixed(2)} deg E of N${c.mirrored ? ', mirrored' : ''}`,
    `parity ${c.parity}`,
    `${matches.x.length} stars`,
    `rms ${rms.toFixed(2)} px`,
    `${engine} ${time}`,
  ];
  return `${name}: solved: ${parts.join(', ')}\n`;
}

/** What `--verbose` adds: hints and where they are from, the rung that solved, the stages. */
export function renderReport(file: string, outcome: Outcome): string[] {
  const { notes, stages, sources, fwhm, candidates } = outcome.report;
  const times = Object.entries(stages).map(([stage, ms]) => `${stage} ${Math.round(ms)} ms`);
  return [
    ...notes,
    `${sources} sources, fwhm ${fwhm.toFixed(1)} px, ${candidates} candidates looked at`,
    `stages: ${times.join(', ')}`,
  ].map((line) => `${file}: ${line}`);
}

function solutionRows(solution: Solution): [string, string][] {
  const { calibration: c, matches, rms, logOdds, wcs } = solution;
  const handed = c.mirrored ? 'a mirror image of the sky' : 'not mirrored';
  return [
    ['centre', `${formatRa(c.ra)} ${formatDec(c.dec)}   ${c.ra.toFixed(6)} ${signed(c.dec, 6)} deg (ICRS)`],
    ['field', `${degrees(c.fieldWidth)} x ${degrees(c.fieldHeight)} deg, radius ${degrees(c.radius)} deg`],
    ['scale', `${significant(c.pixelScale)} arcsec/px (${solution.width} x ${solution.height} px)`],
    ['rotation', `up is ${c.positionAngle.toFixed(2)} deg east of north; ${handed} (parity ${c.parity})`],
    ['match', `${matches.x.length} stars, residual ${rms.toFixed(2)} px, log-odds ${logOdds.toFixed(1)}`],
    ['model', wcs.sip === undefined ? 'TAN' : `TAN with SIP distortion of order ${wcs.sip.order}`],
  ];
}

function remoteRows({ report: { remote } }: Outcome): [string, string][] {
  if (remote === undefined) return [];
  const { server, submissionId, jobId } = remote;
  return [['server', `${server}, submission ${submissionId}, job ${jobId}`]];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

function signed(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  return text.startsWith('-') ? text : `+${text}`;
}

/** Four digits, zeros at the end too. */
function degrees(value: number): string {
  return value.toPrecision(4);
}

/** Five digits. */
function significant(value: number): string {
  return String(Number(value.toPrecision(5)));
}
