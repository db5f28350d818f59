import { describe, expect, it } from 'vitest'
import { lastMonth, monthOf, partyOf, thisMonth, thisYear } from './model'

const info = { label: '对账单', entries: 'party_entry', by: ['customer', 'supplier'], print: true, export: true }

describe('the days of a statement', () => {
  it('are whole months, the year so far, the month so far', () => {
    expect(monthOf(new Date(2026, 1, 10))).toEqual({ since: '2026-02-01', until: '2026-02-28' })
    expect(lastMonth(new Date(2026, 0, 31))).toEqual({ since: '2025-12-01', until: '2025-12-31' })
    expect(thisMonth(new Date(2026, 10, 26))).toEqual({ since: '2026-11-01', until: '2026-11-26' })
    expect(thisYear(new Date(2026, 10, 26))).toEqual({ since: '2026-01-01', until: '2026-11-26' })
  })
})

describe('whose statement a row leads to', () => {
  it('is a party itself, or the one that a balance names', () => {
    expect(partyOf({ ...info, by: [] }, 'customer', { id: 'a', rev: 1 })).toEqual({ party: 'customer', id: 'a' })
    expect(partyOf(info, 'party_balance', { id: 'x', rev: 1, customer: null, supplier: 'b' })).toEqual({ party: 'supplier', id: 'b' })
    expect(partyOf(info, 'party_balance', { id: 'x', rev: 1, customer: null, supplier: null })).toBeNull()
  })
})
