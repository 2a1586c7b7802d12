import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    // The counts that CI prints come from the JSON report.
    reporters: ['default', ['json', { outputFile: 'temp/vitest.json' }]],
    coverage: {
      provider: 'v8',
      include: ['src/errors.ts', 'src/math/*.ts', 'src/wcs/*.ts'],
      reporter: ['text'],
      // Asked where everything can be reached by exact cases; elsewhere coverage is a map, not a goal.
      thresholds: {
        'src/errors.ts': { 100: true },
        'src/wcs/*.ts': { 100: true },
        'src/math/{angle,precession,statistics}.ts': { 100: true },
      },
    },
  },
});
