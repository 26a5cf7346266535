// Imported into a program before it starts: all its connections come from the loopback address in TEST_CALL_FROM, so that a proxy can tell who calls.
import { Socket, type SocketConnectOpts } from 'node:net'

const address = process.env['TEST_CALL_FROM']
type Connect = (...args: unknown[]) => unknown
const connect = Reflect.get(Socket.prototype, 'connect') as unknown as Connect
Reflect.set(Socket.prototype, 'connect', function (this: Socket, ...args: unknown[]) {
  // `net.connect` hands its arguments over as a list whose first entry is the options.
  const options = (Array.isArray(args[0]) ? args[0][0] : args[0]) as SocketConnectOpts | undefined
  if (address !== undefined && typeof options === 'object' && 'port' in options) options.localAddress ??= address
  return Reflect.apply(connect, this, args)
})
