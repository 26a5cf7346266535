import { expect, test } from 'vitest'
import { buildEnvironment, isProtected } from './environment.ts'

test('a job inherits the short list, not the secrets of the daemon', () => {
  const own = { PATH: '/bin', HOME: '/h', SKYCLAW_TOKEN: 't', AWS_SECRET_ACCESS_KEY: 's', NODE_OPTIONS: '--inspect' }
  expect(buildEnvironment(own, [])).toEqual({ env: { PATH: '/bin', HOME: '/h' } })
})

test('a job inherits what the operator adds, and has its own on top', () => {
  const own = { PATH: '/bin', HOME: '/h', CUDA_HOME: '/cuda' }
  expect(buildEnvironment(own, ['CUDA_HOME', 'MISSING'], { HOME: '/tmp', A: 'b' })).toEqual({
    env: { PATH: '/bin', HOME: '/tmp', CUDA_HOME: '/cuda', A: 'b' },
  })
})

test.each(
  `PATH LD_PRELOAD LD_LIBRARY_PATH NODE_OPTIONS BASH_ENV ENV PYTHONPATH DYLD_INSERT_LIBRARIES GCONV_PATH IFS SHELLOPTS SKYCLAW_TOKEN GIT_CONFIG_COUNT PERL5OPT RUBYOPT TAR_OPTIONS PAGER LADSPA_PATH VK_DRIVER_FILES GIO_EXTRA_MODULES`.split(
    ' ',
  ),
)('a job that sets %s is refused, with the name', (name) => {
  expect(buildEnvironment({ PATH: '/bin' }, [], { FINE: '1', [name]: 'x' })).toEqual({ refused: name })
})

test('names differ in upper and lower case except on Windows', () => {
  expect(isProtected('path', 'linux')).toBe(false)
  expect(isProtected('path', 'win32')).toBe(true)
  expect(isProtected('skyclaw_token', 'win32')).toBe(true)
  expect(isProtected('MY_PATH', 'win32')).toBe(false)
})
