import { describe, expect, it } from 'vitest'
import type { Row } from '@/api/types'
import { field } from '@/fields/info'
import { falling, gaps, isBlank, linesOf, richest, surenessOf, sureWords } from './compare'

const fields = [
  field('text', { name: 'name', label: '名称', sortable: true }),
  field('text', { name: 'note', label: '备注', sortable: true }),
  field('text', { name: 'code', label: '编号', sortable: true, readonly: true }),
  field('password', { name: 'password', label: '密码' }),
]
const row = (id: string, values: Partial<Row>): Row => ({ id, rev: 1, name: null, note: null, code: null, password: true, ...values })

describe('two records side by side', () => {
  it('show every field that one of them has filled in, and mark what differs', () => {
    const lines = linesOf(fields, [row('a', { name: '甲', code: 'K1' }), row('b', { name: '甲', code: 'K2' })], {})
    expect(lines.map((line) => [line.field.name, line.differs, line.canTake])).toEqual([['name', false, false], ['code', true, false]])
  })

  it('keep the one that knows most, of equals the older', () => {
    expect(richest(fields, [row('a', { name: '甲' }), row('b', { name: '乙', note: '有' })])).toBe('b')
    expect(richest(fields, [row('a', { name: '甲', created_at: '2026-02' }), row('b', { name: '乙', created_at: '2026-01' })])).toBe('b')
  })

  it('fill what the one that stays does not know, and nothing else', () => {
    const rows = [row('a', { name: '甲' }), row('b', { name: '乙', note: '有', code: 'K2' })]
    expect(gaps(linesOf(fields, rows, {}), rows, 'a')).toEqual({ note: 'b' })
    expect(gaps(linesOf(fields, rows, {}), rows, 'b')).toEqual({})
  })

  it('take for the same what reads the same, as far as it can be read', () => {
    const barcode = [field('ref', { name: 'barcode', label: '主条码', sortable: true })]
    const lines = (labels: Record<string, string>): boolean[] => linesOf(barcode, [row('a', { barcode: 'x' }), row('b', { barcode: 'y' })], labels).map((line) => line.differs)
    expect([lines({ x: '6901234567892', y: '6901234567892' }), lines({ x: '6901234567892', y: '6901234567893' }), lines({})]).toEqual([[false], [true], [true]])
  })

  it('know what is blank', () => {
    expect([null, undefined, '', [], false, 0, '0'].map(isBlank)).toEqual([true, true, true, true, true, false, false])
  })
})

it('says how sure it is in words', () => {
  expect([110, 100, 99, 60, 59].map((points) => sureWords(surenessOf(points)))).toEqual(['很可能是同一个', '很可能是同一个', '可能是同一个', '可能是同一个', '有相同处'])
})

it('names what a split leaves below zero, and nothing else', () => {
  const rows = [{ place: '总仓', each: ['-4', '10'], below: [true, false], total: '6' }, { place: '分仓', each: ['1', '2'], below: [false, false], total: '3' }]
  expect(falling({ titles: ['甲', '乙'], held: [{ label: '库存数量', rows }] })).toEqual([{ title: '甲', place: '总仓', label: '库存数量', amount: '-4' }])
})
