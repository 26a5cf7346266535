/** What every job inherits of the host's own environment. Secrets of the daemon and `SKYCLAW_*` are not among it. */
const inherited = names(`
  HOME PATH LANG LANGUAGE LC_ALL LC_CTYPE LOGNAME SHELL TERM TMPDIR TZ USER SystemRoot SYSTEMROOT windir TEMP TMP
  USERPROFILE APPDATA LOCALAPPDATA PATHEXT ComSpec
`)

/**
 * Names by which a job could choose what code an allowed command loads or runs, or whom it trusts. No list of this kind is
 * complete: a policy file says for a command which names there are.
 */
const protectedNames = new Set(
  names(`
  PATH IFS ENV BASH_ENV SHELLOPTS BASHOPTS BASH_LOADABLES_PATH BASH_XTRACEFD PS0 PS1 PS2 PS4 PROMPT_COMMAND CDPATH
  ZDOTDIR FPATH SHELL INPUTRC TERMINFO TERMINFO_DIRS TERMCAP PWD OLDPWD
  NODE_OPTIONS NODE_PATH NODE_REPL_EXTERNAL_MODULE NODE_EXTRA_CA_CERTS NODE_TLS_REJECT_UNAUTHORIZED NODE_COMPILE_CACHE
  NODE_V8_COVERAGE NODE_REDIRECT_WARNINGS NODE_ICU_DATA ELECTRON_RUN_AS_NODE
  PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONINSPECT PYTHONUSERBASE PYTHONBREAKPOINT PYTHONWARNINGS PYTHONEXECUTABLE
  PYTHONPYCACHEPREFIX PYTHONPLATLIBDIR PYTHONCASEOK
  PERL5LIB PERL5OPT PERL5DB PERL5SHELL PERLLIB RUBYLIB RUBYOPT RUBYPATH RUBYSHELL GEM_PATH GEM_HOME
  JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS JAVA_HOME JAVA_OPTS MAVEN_OPTS GRADLE_OPTS CLASSPATH
  PHPRC PHP_INI_SCAN_DIR R_HOME R_PROFILE R_PROFILE_USER R_ENVIRON R_ENVIRON_USER R_LIBS R_LIBS_USER R_LIBS_SITE
  ERL_FLAGS ERL_AFLAGS ERL_ZFLAGS ERL_LIBS ELIXIR_ERL_OPTIONS GOFLAGS GOROOT GOENV RUSTC RUSTC_WRAPPER RUSTFLAGS
  TCLLIBPATH GUILE_LOAD_PATH GUILE_LOAD_COMPILED_PATH EMACSLOADPATH VIMINIT GVIMINIT EXINIT VIM VIMRUNTIME MYVIMRC
  GCONV_PATH GETCONF_DIR LOCPATH NLSPATH HOSTALIASES RES_OPTIONS LOCALDOMAIN
  SSL_CERT_FILE SSL_CERT_DIR SSLKEYLOGFILE CURL_CA_BUNDLE CURL_HOME WGETRC SYSTEM_WGETRC REQUESTS_CA_BUNDLE
  SSH_ASKPASS SSH_AUTH_SOCK EDITOR VISUAL PAGER MANPAGER MANOPT BROWSER TAR_OPTIONS RSYNC_RSH RSYNC_CONNECT_PROG
  MAKEFLAGS MAKEFILES GNUMAKEFLAGS CC CXX FZF_DEFAULT_COMMAND FZF_DEFAULT_OPTS PARALLEL_SHELL PARALLEL
  PSQLRC PGSERVICEFILE PGSYSCONFDIR MYSQL_HOME KUBECONFIG AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE
  DOCKER_HOST DOCKER_CONFIG GNUPGHOME
  LADSPA_PATH LV2_PATH FREI0R_PATH LIBVA_DRIVERS_PATH VDPAU_DRIVER_PATH VK_DRIVER_FILES VK_ADD_DRIVER_FILES
  VK_ICD_FILENAMES VK_LAYER_PATH VK_ADD_LAYER_PATH OCL_ICD_VENDORS OCL_ICD_FILENAMES GST_PLUGIN_PATH
  GIO_MODULE_DIR GIO_EXTRA_MODULES GTK_PATH GTK_MODULES QT_PLUGIN_PATH SASL_PATH MAGICK_CONFIGURE_PATH
  PATHEXT ComSpec SystemRoot SYSTEMROOT windir
`),
)

const protectedPrefixes = names(`
  LD_ DYLD_ SKYCLAW_ BASH_FUNC_ MALLOC_ GLIBC_ GIT_ LESS LUA_ OPENSSL_ DOTNET_ CORECLR_ COR_ COMPlus_ BUN_ DENO_ CARGO_
  BUNDLE_ YARN_ PNPM_ COMPOSER_ PIP_
`)

/** Of a protected beginning, those that only say who and when. */
const harmlessNames = new Set(
  names(`
  GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_AUTHOR_DATE GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL GIT_COMMITTER_DATE
  GIT_TERMINAL_PROMPT LESSCHARSET
`),
)

export type Environment = Record<string, string>

/**
 * The environment of a job: the short list, what the operator adds to it, the folder it starts in, and the job's own. Or the
 * name that is refused.
 *
 * @param allows says which names the job may set
 */
export function buildEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  inheritEnv: readonly string[],
  jobEnv: Readonly<Environment> = {},
  { allows = (name) => !isProtected(name), folder }: { allows?: (name: string) => boolean; folder?: string } = {},
): { env: Environment } | { refused: string } {
  const env = new Map<string, string>()
  for (const name of [...inherited, ...inheritEnv]) {
    const value = own[name]
    if (value !== undefined && !isForHost(name)) env.set(name, value)
  }
  if (folder !== undefined) env.set('PWD', folder)
  for (const [name, value] of Object.entries(jobEnv)) {
    if (isForHost(name) || !isName(name) || isFunction(value) || !allows(name)) return { refused: name }
    env.set(name, value)
  }
  return { env: Object.fromEntries(env) }
}

/** Whether jobs may not set the name unless a policy file lists it. On Windows names are the same in upper and lower case. */
export function isProtected(name: string, platform: NodeJS.Platform = process.platform): boolean {
  const same = (other: string) => (platform === 'win32' ? other.toUpperCase() : other)
  const wanted = same(name)
  if (harmlessNames.has(name)) return false
  // npm takes its settings in upper and lower case everywhere.
  if (/^npm_config_/i.test(name)) return true
  if (protectedPrefixes.some((prefix) => wanted.startsWith(same(prefix)))) return true
  return (
    protectedNames.has(name) || (platform === 'win32' && [...protectedNames].some((other) => same(other) === wanted))
  )
}

/** Whether the name means something to Skyclaw itself: no job ever sets or sees it, whatever a policy says. */
export function isForHost(name: string): boolean {
  return /^SKYCLAW_/i.test(name)
}

/** What the kernel takes as one name: with a `=` in it, it would be another one. */
function isName(name: string): boolean {
  return name !== '' && !/[=\0]/.test(name)
}

/** Old shells run what is behind such a value, whatever its name is. */
function isFunction(value: string): boolean {
  return value.startsWith('() {')
}

function names(list: string): string[] {
  return list.trim().split(/\s+/)
}
