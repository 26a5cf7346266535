/** Capabilities that are asked for in pairs: 21 of them make 210 requirements, which one host can satisfy all. */
const skills = Array.from({ length: 21 }, (_, index) => `skill-${index}`)
const pairs = skills.flatMap((first, index) => skills.slice(index + 1).map((second) => [first, second]))

/** What a host must offer to be able to run every job of this benchmark. */
export const everyCapability: readonly string[] = ['shell', ...skills]

/** What the job of a number asks for, when the jobs in turn ask for so many different things. One means that all ask for nothing. */
export function requirementOf(job: number, requirementKeys: number): readonly string[] | undefined {
  if (requirementKeys > pairs.length) throw new Error(`there are ${pairs.length} requirements, not ${requirementKeys}`)
  return requirementKeys <= 1 ? undefined : pairs[job % requirementKeys]
}
