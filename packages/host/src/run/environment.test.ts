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
  `PATH LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT NODE_OPTIONS NODE_PATH NODE_COMPILE_CACHE BASH_ENV ENV PS4 PYTHONPATH
  PYTHONPYCACHEPREFIX DYLD_INSERT_LIBRARIES GCONV_PATH IFS SHELLOPTS SKYCLAW_TOKEN SKYCLAW_ATTEMPT skyclaw_token
  GIT_CONFIG_COUNT GIT_SSH_COMMAND GIT_DIR GIT_TRACE PERL5OPT RUBYOPT TAR_OPTIONS PAGER LESSOPEN MANPAGER PWD SHELL
  npm_config_script_shell NPM_CONFIG_PREFIX Npm_Config_X JAVA_TOOL_OPTIONS CORECLR_PROFILER LUA_INIT_5_4 GOFLAGS
  RUSTC_WRAPPER KUBECONFIG CURL_HOME SSL_CERT_FILE LADSPA_PATH VK_DRIVER_FILES GIO_EXTRA_MODULES BASH_FUNC_echo%%`
    .trim()
    .split(/\s+/),
)('a job that sets %s is refused, with the name', (name) => {
  expect(buildEnvironment({ PATH: '/bin' }, [], { FINE: '1', [name]: 'x' })).toEqual({ refused: name })
})

test.each(['GIT_AUTHOR_NAME', 'NODE_ENV', 'PYTHONUNBUFFERED', 'APP_PATH', 'LANG', 'HOME', '__proto__', 'constructor'])(
  'a job sets %s',
  (name) => {
    const built = buildEnvironment({}, [], Object.fromEntries([[name, 'x']]))
    expect('env' in built && Object.entries(built.env)).toEqual([[name, 'x']])
  },
)

test.each(['', 'PATH=/evil:', 'A=B', 'A\0B'])(
  'a name that the kernel would take for another one, %j, is refused',
  (name) => {
    expect(buildEnvironment({}, [], { [name]: 'x' }, { allows: () => true })).toEqual({ refused: name })
  },
)

test('a value that an old shell would run as a function is refused under any name', () => {
  expect(buildEnvironment({}, [], { X: '() { :; }; id' })).toEqual({ refused: 'X' })
})

test('a policy may let jobs set protected names, and never those of Skyclaw', () => {
  const rules = { allows: () => true }
  expect(buildEnvironment({ PATH: '/bin' }, [], { PATH: '/opt' }, rules)).toEqual({ env: { PATH: '/opt' } })
  expect(buildEnvironment({}, [], { SKYCLAW_ATTEMPT: 'x' }, rules)).toEqual({ refused: 'SKYCLAW_ATTEMPT' })
  expect(buildEnvironment({}, [], { A: '1' }, { allows: () => false })).toEqual({ refused: 'A' })
})

test('what is meant for the host alone is not inherited, even when it is asked for', () => {
  expect(buildEnvironment({ SKYCLAW_TOKEN: 't', A: '1' }, ['SKYCLAW_TOKEN', 'A'])).toEqual({ env: { A: '1' } })
})

test('PWD is the folder that the job starts in', () => {
  expect(buildEnvironment({ PWD: '/old' }, [], {}, { folder: '/new' })).toEqual({ env: { PWD: '/new' } })
})

test('names differ in upper and lower case except on Windows', () => {
  expect(isProtected('path', 'linux')).toBe(false)
  expect(isProtected('path', 'win32')).toBe(true)
  expect(isProtected('skyclaw_token', 'win32')).toBe(true)
  expect(isProtected('MY_PATH', 'win32')).toBe(false)
})
