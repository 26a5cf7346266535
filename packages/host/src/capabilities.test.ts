import { describe, expect, test } from 'vitest'
import { offeredCapabilities, offeredLabels, wantsOpenclaw } from './capabilities.ts'
import type { Permit } from './run/permit.ts'

const found = { allowsShell: false, openclaw: {} as Permit }
const missing = { allowsShell: false, openclaw: { exitCode: 127, reason: 'not here' } } as const
const version = '2026.9.6'

describe('openclaw is offered', () => {
  test('only when its command is there and has answered', () => {
    expect(offeredCapabilities(undefined, found, { version })).toEqual({ capabilities: ['openclaw'], warnings: [] })
    expect(offeredCapabilities(['openclaw'], missing).capabilities).toEqual([])
    expect(offeredCapabilities(['openclaw'], found, { reason: 'it hangs' })).toEqual({
      capabilities: [],
      warnings: ['openclaw is not offered: it hangs'],
    })
  })

  test('or else with a warning, unless nobody asked for it and it is not there', () => {
    const look = { reason: 'not here' }
    expect(offeredCapabilities(undefined, missing, look).warnings).toEqual([])
    expect(offeredCapabilities(['OpenClaw'], missing, look).warnings).toEqual(['openclaw is not offered: not here'])
    expect(offeredCapabilities(undefined, found, look).warnings).toEqual(['openclaw is not offered: not here'])
    expect(offeredCapabilities(['gpu'], found, look).warnings).toEqual([])
  })

  test('or not even looked at, when the operator leaves it out', () => {
    expect([undefined, [' OpenClaw '], ['gpu']].map(wantsOpenclaw)).toEqual([true, true, false])
  })
})

describe('the label openclaw', () => {
  test('is the version, unless the operator set that label or has no room for it', () => {
    expect(offeredLabels({ zone: 'a' }, { version })).toEqual({ zone: 'a', openclaw: version })
    expect(offeredLabels({ openclaw: 'mine' }, { version })).toEqual({ openclaw: 'mine' })
    const full = Object.fromEntries(Array.from({ length: 64 }, (_, index) => [`label${index}`, '']))
    expect(offeredLabels(full, { version })).toEqual(full)
    expect(offeredLabels({ zone: 'a' }, { reason: 'not here' })).toEqual({ zone: 'a' })
    expect(offeredLabels({ zone: 'a' }, undefined)).toEqual({ zone: 'a' })
  })
})
