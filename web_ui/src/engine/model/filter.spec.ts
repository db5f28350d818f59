import { describe, expect, it } from 'vitest'
import type { Clause, FieldInfo, Filter } from '../../api/types'
import { field } from '../../fields/info'
import { clauseWords, conditionsOf, equalTo, fromClause, knownOnly, onlyValue, operatorWord, shortcutIn, toClause, wantsLike, withClause, type ColumnFilter } from './filter'

const name = field('text', { name: 'name', label: '客户名称', operators: ['eq', 'ne', 'contains', 'like', 'empty'] })
const region = field('ref', { name: 'region', label: '所在区域', tree: true, target: 'region', operators: ['eq', 'ne', 'empty'] })
const fields = new Map<string, FieldInfo>([['name', name], ['region', region]])
const words = (c: Clause): string => { const w = clauseWords(c, fields, (x) => String(x.value)); return `${w.label} ${w.text}` }

describe('filter of a column', () => {
  const two: ColumnFilter = { field: 'name', first: { field: 'name', op: 'eq', value: 'aaa' }, join: 'or', second: { field: 'name', op: 'eq', value: 'bbb' } }
  it('goes to the API and back', () => {
    const clause = toClause(two)
    expect(clause).toEqual({ or: [{ field: 'name', op: 'eq', value: 'aaa' }, { field: 'name', op: 'eq', value: 'bbb' }] })
    expect(fromClause(clause as Clause)).toEqual(two)
    expect(toClause({ ...two, join: 'and' })).toEqual({ and: [two.first, two.second] })
  })
  it('neither 并且 nor 或者: the first alone', () => expect(toClause({ ...two, join: null })).toEqual(two.first))
  it('an unfinished second condition does not count', () => expect(toClause({ ...two, second: { field: 'name', op: 'eq', value: '' } })).toEqual(two.first))
  it('an unfinished first one leaves the second, or nothing', () => {
    expect(toClause({ ...two, first: { field: 'name', op: 'eq' } })).toEqual(two.second)
    expect(toClause({ ...two, join: null, first: { field: 'name', op: 'eq' } })).toBe(null)
  })
  it('为空 needs no value', () => expect(toClause({ field: 'name', first: { field: 'name', op: 'empty', value: 'left over' }, join: null, second: null })).toEqual({ field: 'name', op: 'empty' }))
  it('three conditions are kept but not edited here', () => expect(fromClause({ or: [two.first, two.first, two.first] })).toBe(null))
})

describe('chips', () => {
  it('say the condition in words', () => {
    expect(words({ or: [{ field: 'name', op: 'eq', value: 'aaa' }, { field: 'name', op: 'eq', value: 'bbb' }] })).toBe('客户名称 等于 aaa 或者 等于 bbb')
    expect(words({ and: [{ field: 'name', op: 'contains', value: '机' }, { field: 'name', op: 'not_contains', value: '械' }] })).toBe('客户名称 包含 机 并且 不包含 械')
    expect(words({ field: 'name', op: 'not_empty' })).toBe('客户名称 不为空')
    expect(words({ field: 'region', op: 'eq', value: '江苏' })).toBe('所在区域 等于（含下级） 江苏')
    expect(words({ or: ['a', 'b', 'c'].map((v) => ({ field: 'name', op: 'eq' as const, value: v })) })).toBe('客户名称 等于 a、b 等 3 个')
  })
  it('a column of a newer version is shown by its name', () => expect(words({ field: 'new', op: 'eq', value: 'x' })).toBe('new 等于 x'))
})

describe('filters of several columns', () => {
  const filter: Filter = { and: [{ field: 'name', op: 'eq', value: 'a' }, { field: 'region', op: 'empty' }] }
  it('stack, one clause a column, each replaced in its place', () => {
    expect(withClause(filter, 'name', { field: 'name', op: 'eq', value: 'b' }).and.map((c) => conditionsOf(c)[0]?.value)).toEqual(['b', undefined])
    expect(withClause(filter, 'name', null)).toEqual({ and: [{ field: 'region', op: 'empty' }] })
    expect(withClause({ and: [] }, 'name', { field: 'name', op: 'empty' }).and).toHaveLength(1)
  })
  it('of columns that are gone fall out of a saved scheme', () => expect(knownOnly({ and: [...filter.and, { field: 'gone', op: 'empty' }] }, fields)).toEqual(filter))
})

it('按此值过滤', () => {
  expect(equalTo(name, 'x')).toEqual({ field: 'name', op: 'eq', value: 'x' })
  expect(equalTo(name, null)).toEqual({ field: 'name', op: 'empty' })
})
it('等于 with a wildcard offers 像', () => {
  expect(wantsLike({ field: 'name', op: 'eq', value: '%机械%' }, name)).toBe(true)
  expect(wantsLike({ field: 'name', op: 'eq', value: '机械' }, name)).toBe(false)
  expect(wantsLike({ field: 'region', op: 'eq', value: 'a_b' }, region)).toBe(false)
})
it('a tree reference says that it means the subtree', () => expect(operatorWord('eq', region)).toBe('等于（含下级）'))
it('a filter that leaves one value of a field says which', () => {
  expect(onlyValue({ and: [{ and: [{ field: 'kind', op: 'eq', value: 'opening' }] }, { field: 'name', op: 'empty' }] }, 'kind')).toBe('opening')
  expect(onlyValue({ and: [{ field: 'kind', op: 'eq', value: 'gain' }] }, 'kind')).toBe('gain')
  expect(onlyValue({ and: [{ or: [{ field: 'kind', op: 'eq', value: 'a' }, { field: 'kind', op: 'eq', value: 'b' }] }] }, 'kind')).toBeNull()
  expect(onlyValue({ and: [{ field: 'kind', op: 'ne', value: 'a' }] }, 'kind')).toBeNull()
  expect(onlyValue({ and: [] }, 'kind')).toBeNull()
})
it('a filter is a shortcut where it says that and nothing else', () => {
  const opening = { name: 'opening', label: '期初库存', field: 'kind', value: 'opening' }
  const only: Clause = { field: 'kind', op: 'eq', value: 'opening' }
  expect(shortcutIn([opening], { and: [only] })).toBe(opening)
  for (const and of [[], [{ ...only, value: 'gain' }], [only, { field: 'name', op: 'empty' }]] as Clause[][]) expect(shortcutIn([opening], { and })).toBeUndefined()
})
