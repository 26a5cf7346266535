/** Uses something that was started, and stops it whatever comes of it. */
export async function withSystem<S extends { readonly stop: () => Promise<unknown> }, T>(
  starting: Promise<S>,
  use: (system: S) => Promise<T>,
): Promise<T> {
  const system = await starting
  try {
    return await use(system)
  } finally {
    await system.stop()
  }
}
