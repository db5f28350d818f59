import { describe, expect, it } from 'vitest'
import { field } from '@/fields/info'
import { retireWords } from '../retiring'
import { firstFormula, isIdle, STEPS, WHOLE } from './adjust'

describe('调价', () => {
  it('begins with a formula that changes nothing', () => {
    const first = firstFormula(['price_1', 'price_2'])
    expect(first).toEqual({ target: 'price_1', source: 'price_1', rate: WHOLE, amount: 0, step: 100 })
    expect(isIdle(first)).toBe(true)
  })
  it('does something once any part is changed', () => {
    const first = firstFormula(['price_1'])
    for (const change of [{ rate: 950_000 }, { amount: -500 }, { source: 'price_2' }]) expect(isIdle({ ...first, ...change })).toBe(false)
  })
  it('rounds to a cent, a tenth or a yuan of a price × 10⁴', () => {
    expect(STEPS).toEqual([100, 1000, 10000])
  })
})

describe('停用', () => {
  it('is called by the field, both ways', () => {
    expect([true, false].map((on) => retireWords(field('bool', { label: '停用' }), on))).toEqual(['停用', '启用'])
    expect([true, false].map((on) => retireWords(field('bool', { label: '已离职' }), on))).toEqual(['标为「已离职」', '取消「已离职」'])
  })
})
