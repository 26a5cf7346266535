import { expect, test } from 'vitest'
import { programName } from './io.ts'

test.each([
  ['/srv/skyclaw/packages/cli/src/main.ts', 'npx -y pnpm@12.21.0 skyclaw'],
  ['/srv/.npm/_npx/1f2e/node_modules/.bin/skyclaw', 'npx @skyclaw/cli'],
  ['/srv/project/node_modules/.bin/skyclaw', 'npx skyclaw'],
  ['/srv/project/node_modules/@skyclaw/cli/bin/skyclaw.js', 'npx skyclaw'],
  ['/usr/lib/node_modules/@skyclaw/cli/bin/skyclaw.js', 'skyclaw'],
  ['/usr/bin/skyclaw', 'skyclaw'],
  [String.raw`C:\srv\node_modules\.bin\skyclaw`, 'npx skyclaw'],
])('whoever started %s types %s', (file, typed) => {
  expect(programName(file)).toBe(typed)
})
