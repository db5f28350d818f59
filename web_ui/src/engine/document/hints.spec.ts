import { describe, expect, it } from 'vitest'
import type { DocumentHint } from '../../api/types'
import { shownHints, stillLasting, withLasting } from './hints'
import type { Line, Sheet } from './sheet'

const line = (key: string, values: Line['values']): Line => ({ key, id: null, values })
const sheet = (...lines: Line[]): Sheet => ({ values: {}, lines })
const kept: DocumentHint = { line: 1, field: 'price', text: '没有跟着变', level: 'warn', until: ['price', 'unit', 'gift'] }
const passing: DocumentHint = { line: 0, field: 'price', text: '上次价', level: 'info' }
const a = line('a', { price: 1 })
const b = line('b', { price: 50_000, unit: 'box', qty: 1, gift: undefined })

describe('what is said of a kept price', () => {
  const lasting = withLasting([], [kept, passing], sheet(a, b))
  it('stays when something else changes, and goes along with its line', () => {
    const next = sheet(line('new', {}), a, { ...b, values: { ...b.values, qty: 3, gift: false } })
    const still = stillLasting(withLasting(lasting, [], next), next)
    expect(shownHints([], still, next)).toEqual([{ ...kept, line: 2 }])
  })
  it('is said once beside what is said of the moment', () => expect(shownHints([kept, passing], lasting, sheet(a, b))).toEqual([passing, kept]))
  it('ends with the price, the unit, or the line, and does not come back', () => {
    for (const values of [{ price: 60_000 }, { unit: null }]) {
      const other = sheet(a, { ...b, values: { ...b.values, ...values } })
      expect(stillLasting(stillLasting(lasting, other), sheet(a, b))).toEqual([])
    }
    expect(stillLasting(lasting, sheet(a))).toEqual([])
  })
  it('is replaced by what is said anew', () => {
    const other = { ...b, values: { ...b.values, unit: 'piece' } }
    const now = stillLasting(withLasting(lasting, [{ ...kept, text: '还是没变' }], sheet(a, other)), sheet(a, other))
    expect(now.map((one) => one.hint.text)).toEqual(['还是没变'])
  })
})
