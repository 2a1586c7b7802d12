import { describe, expect, test } from 'vitest';
import { decodeSources, encodeSources } from '../../src/nova/source-fields.ts';
import { recording } from '../helpers/recordings.ts';

test('counts pixels from 1, keeps the order, and writes a thousandth of a pixel', () => {
  expect(encodeSources({ width: 100, height: 50, x: [0, 10.12345], y: [49, 0.5] })).toEqual({
    x: [1, 11.123],
    y: [50, 1.5],
    image_width: 100,
    image_height: 50,
  });
});

test('sends no more than the server looks at', () => {
  const x = Float64Array.from({ length: 5000 }, (_, i) => i / 10);
  const { x: sent } = encodeSources({ width: 1000, height: 1000, x, y: x });
  expect(sent).toHaveLength(1000);
});

test.each([
  ['2 x and 1 y positions', { width: 9, height: 9, x: [1, 2], y: [1] }],
  ['it has no sources', { width: 9, height: 9, x: [], y: [] }],
  ['x[1] is NaN', { width: 9, height: 9, x: [1, Number.NaN], y: [1, 2] }],
  ['y[0] is Infinity', { width: 9, height: 9, x: [1], y: [Infinity] }],
  ['width is 0', { width: 0, height: 9, x: [1], y: [1] }],
  ['height is 1.5', { width: 9, height: 1.5, x: [1], y: [1] }],
])('refuses a list that cannot be one: %s', (fact, sources) => {
  expect(() => encodeSources(sources)).toThrow(fact);
});

describe('what a server makes of a list', () => {
  const lists = recording('upload_sources').filter(
    ({ path, json }) => /^\/api\/(?:url_)?upload$/.test(path) && json !== undefined && /"[xy]".*\}$/.test(json),
  );

  test('the recordings hold lists', () => {
    expect(lists.length).toBeGreaterThan(8);
  });

  test.each(lists.map((exchange, i) => [i, exchange.body.slice(0, 90), exchange] as const))(
    '%i: %s',
    (_i, _reply, { json, body }) => {
      const args = JSON.parse(json!) as Record<string, unknown>;
      const message = (JSON.parse(body) as { errormessage?: string }).errormessage;
      if (message !== undefined) expect(() => decodeSources(args)).toThrow(message);
      else if (args['x'] === undefined || args['y'] === undefined) expect(decodeSources(args)).toBeUndefined();
      else expect(decodeSources(args)!.x).toHaveLength((args['x'] as ArrayLike<number>).length);
    },
  );

  test('without a size it reaches as far as its sources', () => {
    expect(decodeSources({ x: ['12', 3.5], y: [1, 7.2] })).toMatchObject({ width: 12, height: 8 });
  });
});
