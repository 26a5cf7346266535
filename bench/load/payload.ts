/** The job that all enqueue scenarios use, on both sides: as JSON about 100 bytes. */
export function payloadOf(bytes: number): { kind: 'shell'; command: string; args: string[] } {
  return { kind: 'shell', command: 'echo', args: ['x'.repeat(Math.max(1, bytes - 60))] }
}
