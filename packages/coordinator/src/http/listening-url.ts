import type { FastifyInstance } from 'fastify'
import { networkInterfaces } from 'node:os'

/**
 * Where others reach a server, as far as it can tell: the address that it listens on, or its first LAN address when it listens on all.
 * Undefined while it does not listen, and for a socket that is no network address.
 *
 * @param name the host name or address that it was told to listen on; default: the address itself
 */
export function listeningUrl(app: FastifyInstance, prefix: string, name?: string): string | undefined {
  const address = app.server.address()
  if (typeof address !== 'object' || !address) return undefined
  const { port } = address
  const host = name ?? address.address
  const wildcard = host === '0.0.0.0' || host === '::'
  const reached = wildcard ? (lanAddress() ?? '127.0.0.1') : host
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}${prefix}`
}

function lanAddress(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? [])
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address
}
