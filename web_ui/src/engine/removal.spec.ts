import { describe, expect, it } from 'vitest'
import { withoutRefused } from './removal'

describe('what cannot be deleted stays out of the request', () => {
  it('by id', () => {
    expect(withoutRefused({ ids: ['a', 'b', 'c'] }, new Set(['b']))).toEqual({ ids: ['a', 'c'] })
  })
  it('of a query', () => {
    expect(withoutRefused({ query: { group: 'g' }, except: ['x'] }, new Set(['b']))).toEqual({ query: { group: 'g' }, except: ['x', 'b'] })
  })
  it('nothing refused: the very same', () => {
    const meant = { query: {}, except: [] }
    expect(withoutRefused(meant, new Set())).toBe(meant)
  })
})
