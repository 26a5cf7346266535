/*
 * Whether a URL that the network named may be asked, and so be sent the token. Sans-IO. What a member says is as good as the
 * member, so that each rule looks only at what the user configured:
 *
 * - whoever configured https alone never sends the token over http;
 * - a loopback address is some program on this machine, not the member that named it, unless the network is on this machine;
 * - an address such as 0.0.0.0 is for listening.
 */

const loopback = /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\]|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]+\])$/
const unspecified = new Set(['0.0.0.0', '[::]', '[::ffff:0:0]'])

/** @param url an http or https URL, as `checkUrl` answers it; so are the configured ones */
export function isAdmissible(url: string, configured: readonly string[]): boolean {
  const { protocol, hostname } = new URL(url)
  const own = configured.map((each) => new URL(each))
  if (protocol === 'http:' && own.every((each) => each.protocol === 'https:')) return false
  if (unspecified.has(hostname)) return false
  return !loopback.test(hostname) || own.some((each) => loopback.test(each.hostname))
}
