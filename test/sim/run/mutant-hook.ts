/** Loaded before everything else in a child process: hands one file of the code out in its broken variant. */
import { registerHooks } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { memberMutants } from '../members/mutants.ts'
import { mutants } from '../mutants.ts'

const name = process.env['SKYCLAW_SIM_MUTANT']
const mutant = [...mutants, ...memberMutants].find((each) => each.name === name)
if (!mutant) throw new Error(`there is no mutant ${name}`)
const root = resolve(import.meta.dirname, '../../..')
const broken = pathToFileURL(resolve(root, mutant.file)).href

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    if (url !== broken) return loaded
    const { source: original } = loaded
    if (original === undefined) throw new Error(`${mutant.file} has no source`)
    const source = typeof original === 'string' ? original : new TextDecoder().decode(original)
    if (source.split(mutant.find).length !== 2) throw new Error(`${mutant.name} does not fit ${mutant.file}`)
    return { ...loaded, source: source.replace(mutant.find, () => mutant.replace) }
  },
})
