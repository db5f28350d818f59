import { describe, expect, it } from 'vitest'
import { covers, monthOf, periodLabel, spanOf, step } from './period'

const now = new Date(2026, 10, 23, 9) // Monday 23 November 2026

describe('数据显示', () => {
  it('months', () => {
    expect(spanOf({ kind: 'month', offset: 0 }, now)).toEqual({ from: '2026-11-01', to: '2026-11-30' })
    expect(spanOf({ kind: 'month', offset: 2 }, now)).toEqual({ from: '2027-01-01', to: '2027-01-31' })
    expect(spanOf({ kind: 'month', offset: -9 }, now)).toEqual({ from: '2026-02-01', to: '2026-02-28' })
    expect(spanOf({ kind: 'month', offset: -11 }, now)).toEqual({ from: '2025-12-01', to: '2025-12-31' })
    expect(periodLabel({ kind: 'month', offset: 0 }, now)).toBe('2026年11月')
  })
  it('weeks start on Monday', () => {
    expect(spanOf({ kind: 'week', offset: 0 }, now)).toEqual({ from: '2026-11-23', to: '2026-11-29' })
    expect(spanOf({ kind: 'week', offset: 0 }, new Date(2026, 10, 29))).toEqual({ from: '2026-11-23', to: '2026-11-29' })
    expect(periodLabel({ kind: 'week', offset: -1 }, now)).toBe('11-16 至 11-22')
    expect(periodLabel({ kind: 'week', offset: 6 }, now)).toBe('2027-01-04 至 01-10')
  })
  it('days', () => {
    expect(spanOf({ kind: 'day', offset: 8 }, now)).toEqual({ from: '2026-12-01', to: '2026-12-01' })
    expect(periodLabel({ kind: 'day', offset: 0 }, now)).toBe('11月23日 周一')
  })
  it('all, none, span', () => {
    expect(spanOf({ kind: 'all' }, now)).toBe(null)
    expect(spanOf({ kind: 'none' }, now)).toBe(null)
    expect(periodLabel({ kind: 'span', from: '2026-01-01', to: '2026-06-30' }, now)).toBe('2026-01-01 至 2026-06-30')
    expect(periodLabel({ kind: 'span', from: '', to: '2026-06-30' }, now)).toBe('2026-06-30 以前')
  })
  it('steps', () => {
    expect(step({ kind: 'week', offset: 0 }, -1)).toEqual({ kind: 'week', offset: -1 })
    expect(step({ kind: 'all' }, 1)).toEqual({ kind: 'all' })
  })
})

describe('what a list does not show', () => {
  const now = new Date(2026, 10, 23)
  it('is told by the day of a record', () => {
    expect(covers({ kind: 'month', offset: 0 }, '2026-11-30', now)).toBe(true)
    expect(covers({ kind: 'month', offset: 0 }, '2026-10-31', now)).toBe(false)
    expect([covers({ kind: 'all' }, '1999-01-01', now), covers({ kind: 'none' }, '2026-11-23', now)]).toEqual([true, false])
  })
  it('is shown by the month it is in', () => {
    expect(monthOf('2026-10-31', now)).toEqual({ kind: 'month', offset: -1 })
    expect(periodLabel(monthOf('2025-12-01', now), now)).toBe('2025年12月')
    expect(covers(monthOf('2027-02-28', now), '2027-02-28', now)).toBe(true)
  })
})
