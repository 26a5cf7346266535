import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { mutants } from './mutants.ts'

/**
 * Loaded before a simulation (`--import`): applies the mutant that SIM_MUTANT names to the source file that it breaks.
 */
const name = process.env['SIM_MUTANT']
const mutant = mutants.find((candidate) => candidate.name === name)
if (!mutant) throw new Error(`SIM_MUTANT must name a mutant, not ${name}`)
const { file, find, replace } = mutant
const root = fileURLToPath(new URL('../..', import.meta.url))

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    if (!url.startsWith('file:') || fileURLToPath(url) !== `${root}${file}`) return loaded
    const source = String(loaded.source)
    if (source.split(find).length !== 2) throw new Error(`the mutant ${name} does not fit ${file} any more`)
    return { ...loaded, source: source.replace(find, () => replace) }
  },
})
