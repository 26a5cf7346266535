/** What every job inherits of the host's own environment. Secrets of the daemon and `SKYCLAW_*` are not among it. */
const inherited = names(`
  HOME PATH LANG LANGUAGE LC_ALL LC_CTYPE LOGNAME SHELL TERM TMPDIR TZ USER SystemRoot SYSTEMROOT windir TEMP TMP
  USERPROFILE APPDATA LOCALAPPDATA PATHEXT ComSpec
`)

/** Names by which a job could choose what code an allowed command loads or runs. */
const protectedNames = new Set(
  names(`
  PATH IFS ENV BASH_ENV SHELLOPTS BASHOPTS PS4 PROMPT_COMMAND CDPATH ZDOTDIR SHELL NODE_OPTIONS NODE_PATH
  NODE_REPL_EXTERNAL_MODULE NODE_EXTRA_CA_CERTS NODE_TLS_REJECT_UNAUTHORIZED PYTHONPATH PYTHONHOME PYTHONSTARTUP
  PYTHONINSPECT PYTHONUSERBASE PYTHONBREAKPOINT PERL5LIB PERL5OPT PERL5DB PERLLIB RUBYLIB RUBYOPT GEM_PATH
  GEM_HOME LUA_PATH LUA_CPATH JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS CLASSPATH DOTNET_STARTUP_HOOKS
  PHPRC PHP_INI_SCAN_DIR GCONV_PATH GETCONF_DIR LOCPATH NLSPATH HOSTALIASES RES_OPTIONS LOCALDOMAIN OPENSSL_CONF
  OPENSSL_MODULES OPENSSL_ENGINES GIT_EXEC_PATH GIT_SSH GIT_SSH_COMMAND GIT_EXTERNAL_DIFF GIT_PROXY_COMMAND
  GIT_ASKPASS SSH_ASKPASS GIT_EDITOR GIT_SEQUENCE_EDITOR GIT_PAGER GIT_TEMPLATE_DIR EDITOR VISUAL PAGER MANPAGER
  LESSOPEN LESSCLOSE TAR_OPTIONS RSYNC_RSH MAKEFLAGS MAKEFILES GNUMAKEFLAGS PYTHONWARNINGS PYTHONEXECUTABLE
  LADSPA_PATH LV2_PATH FREI0R_PATH LIBVA_DRIVERS_PATH VDPAU_DRIVER_PATH VK_DRIVER_FILES VK_ADD_DRIVER_FILES
  VK_ICD_FILENAMES VK_LAYER_PATH VK_ADD_LAYER_PATH OCL_ICD_VENDORS OCL_ICD_FILENAMES GST_PLUGIN_PATH
  GIO_MODULE_DIR GIO_EXTRA_MODULES GTK_PATH GTK_MODULES QT_PLUGIN_PATH SASL_PATH MAGICK_CONFIGURE_PATH
  PATHEXT ComSpec SystemRoot SYSTEMROOT windir
`),
)

const protectedPrefixes = [
  'LD_',
  'DYLD_',
  'SKYCLAW_',
  'BASH_FUNC_',
  'MALLOC_',
  'GLIBC_',
  'GIT_CONFIG',
  'npm_config_',
  'NPM_CONFIG_',
]

export type Environment = Record<string, string>

/** The environment of a job: the short list, what the operator adds to it, and the job's own. Or the name that is refused. */
export function buildEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  inheritEnv: readonly string[],
  jobEnv: Readonly<Environment> = {},
): { env: Environment } | { refused: string } {
  const env: Environment = {}
  for (const name of [...inherited, ...inheritEnv]) {
    const value = own[name]
    if (value !== undefined) env[name] = value
  }
  for (const [name, value] of Object.entries(jobEnv)) {
    if (isProtected(name)) return { refused: name }
    env[name] = value
  }
  return { env }
}

/** Whether jobs may not set the name. On Windows names are the same in upper and lower case. */
export function isProtected(name: string, platform: NodeJS.Platform = process.platform): boolean {
  const same = (other: string) => (platform === 'win32' ? other.toUpperCase() : other)
  const wanted = same(name)
  if (protectedPrefixes.some((prefix) => wanted.startsWith(same(prefix)))) return true
  return (
    protectedNames.has(name) || (platform === 'win32' && [...protectedNames].some((other) => same(other) === wanted))
  )
}

function names(list: string): string[] {
  return list.trim().split(/\s+/)
}
