import { expect, it } from 'vitest'
import { buildQuery, showsNothing, type ListState } from './query'

const now = new Date(2026, 10, 23)
const state: ListState = { period: { kind: 'month', offset: 0 }, filter: { and: [] }, quick: null, group: null, sort: '', q: '' }

it('asks for the days shown', () => expect(buildQuery(state, true, now)).toEqual({ from: '2026-11-01', to: '2026-11-30' }))
it('not for a module without a date', () => expect(buildQuery(state, false, now)).toEqual({}))
it('the dates of 快速查询 go before 数据显示', () => {
  expect(buildQuery({ ...state, quick: { field: 'name', value: '机', from: '2026-01-01', to: null } }, true, now)).toEqual({ field: 'name', value: '机', from: '2026-01-01' })
  expect(buildQuery({ ...state, quick: { field: 'name', value: '机', from: null, to: null } }, true, now)).toEqual({ field: 'name', value: '机', from: '2026-11-01', to: '2026-11-30' })
})
it('asks for one flaw alone', () => expect(buildQuery({ ...state, flaw: 'oversold' }, false, now)).toEqual({ flaw: 'oversold' }))
it('不显示 waits until something is asked', () => {
  expect(showsNothing({ ...state, period: { kind: 'none' } })).toBe(true)
  expect(showsNothing({ ...state, period: { kind: 'none' }, q: 'a' })).toBe(false)
})
