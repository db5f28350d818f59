import { describe, expect, it } from 'vitest'
import type { ModuleInfo } from '../../api/types'
import { field } from '../../fields/info'
import { defaultColumns, labelFits, mergeLayout, parseSort, sortText, toStates, visible } from './layout'

const module = {
  name: 'm', columns: ['a', 'b', 'c'],
  fields: ['x', 'a', 'b', 'c', 'd'].map((name) => field('text', { name, width: 90 })).concat(field('password', { name: 'p' }), field('text', { name: 'h', hidden: true })),
} as unknown as ModuleInfo
const names = (c: { field: string }[]): string => c.map((x) => x.field).join('')

describe('columns', () => {
  it('as declared: shown ones first, the rest hidden; secrets and machinery never', () => {
    expect(names(defaultColumns(module))).toBe('abcxd')
    expect(names(visible(defaultColumns(module)))).toBe('abc')
  })
  it('what the user left wins', () => {
    const merged = mergeLayout(module, { columns: [{ field: 'c', width: 200, pinned: 'left' }, { field: 'a' }, { field: 'b', hidden: true }, { field: 'x', hidden: true }, { field: 'd', hidden: true }] })
    expect(names(merged)).toBe('cabxd')
    expect(merged[0]).toEqual({ field: 'c', width: 200, hidden: false, pinned: true })
    expect(names(visible(merged))).toBe('ca')
  })
  it('a field of a newer version comes in next to its neighbour, a gone one falls out', () => {
    const merged = mergeLayout(module, { columns: [{ field: 'c' }, { field: 'a' }, { field: 'gone' }] })
    expect(names(visible(merged))).toBe('cab')
  })
  it('frozen columns come first', () => {
    const merged = mergeLayout(module, { columns: [{ field: 'a' }, { field: 'b', pinned: 'left' }, { field: 'c' }] })
    expect(names(visible(merged))).toBe('bac')
  })
  it('a layout that hides everything is not obeyed', () => {
    expect(names(visible(mergeLayout(module, { columns: ['a', 'b', 'c', 'x', 'd'].map((f) => ({ field: f, hidden: true })) })))).toBe('abc')
  })
  it('survives saving', () => {
    const columns = defaultColumns(module)
    expect(mergeLayout(module, { columns: toStates(columns) })).toEqual(columns)
  })
  it('sort as text', () => {
    expect(parseSort('-date,name')).toEqual([{ field: 'date', dir: 'desc' }, { field: 'name', dir: 'asc' }])
    expect(sortText(parseSort('-date,name'))).toBe('-date,name')
    expect(parseSort(undefined)).toEqual([])
  })
  it('are found by name and by pinyin initials', () => {
    const credit = field('money', { label: '信用额度', initials: 'xyed' })
    expect(['', 'xy', 'XYED', '额度', 'yh'].map((typed) => labelFits(credit, typed))).toEqual([true, true, true, true, false])
  })
})
