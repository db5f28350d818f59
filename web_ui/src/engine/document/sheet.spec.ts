import { describe, expect, it } from 'vitest'
import type { FoundProduct } from '../../api/types'
import { field } from '../../fields/info'
import { addLine, bodyOf, EMPTY, indexOf, insertLine, merge, namesOf, newLine, placeErrors, quantityWords, removeLine, repeat, scan, setCell, setHead, sheetOf, titlesOf, touched, typedOf, type Sheet } from './sheet'

const lineFields = [
  field('ref', { name: 'product', target: 'product' }), field('ref', { name: 'unit', target: 'product_unit', depends: { product: 'product' } }),
  field('quantity', { name: 'qty' }), field('price', { name: 'price' }), field('money', { name: 'amount', readonly: true }), field('rate', { name: 'rate', default: 1_000_000 }),
]
const headFields = [field('ref', { name: 'party' }), field('ref', { name: 'contact', depends: { party: 'party' } }), field('money', { name: 'total', readonly: true })]
const names = namesOf(headFields, lineFields)
const entry = { product: 'product', qty: 'qty', price: 'price', unit: 'unit' }
const found = (product: string, unit: string | null = null): FoundProduct => ({ product, unit_row: unit, title: product, code: '', spec: '', unit: '', barcode: '', prices: {}, on_hand: null, stock_unit: '' })
const sheet = (...lines: Record<string, number | string>[]): Sheet => sheetOf({ party: 'p1', total: 0, rev: 3 }, lines, names)

describe('scanning', () => {
  it('adds one to the line of the same product and unit', () => {
    const first = scan(EMPTY, entry, lineFields, found('a', 'box'))
    const second = scan(first.sheet, entry, lineFields, found('a', 'box'))
    expect(second).toMatchObject({ key: first.key, qty: 20_000, merged: true })
    expect(second.sheet.lines).toHaveLength(1)
  })
  it('makes a line for another unit, with the defaults of a line', () => {
    const first = scan(EMPTY, entry, lineFields, found('a', 'box'))
    const second = scan(first.sheet, entry, lineFields, found('a'))
    expect(second.merged).toBe(false)
    expect(second.sheet.lines.map((l) => l.values)).toEqual([
      { rate: 1_000_000, product: 'a', unit: 'box', qty: 10_000 }, { rate: 1_000_000, product: 'a', unit: null, qty: 10_000 },
    ])
  })
})

describe('changing', () => {
  it('keeps the identity of what did not change', () => {
    const before = sheet({ id: 'l1', qty: 1 }, { id: 'l2', qty: 2 })
    const after = setCell(before, lineFields, before.lines[1]?.key ?? '', 'qty', 5)
    expect(after.lines[0]).toBe(before.lines[0])
    expect(after.lines[1]?.values.qty).toBe(5)
  })
  it('clears what depends on a field', () => {
    const before = setHead(setHead(EMPTY, headFields, 'party', 'p1'), headFields, 'contact', 'c1')
    expect(setHead(before, headFields, 'party', 'p2').values).toEqual({ party: 'p2', contact: null })
    const line = sheet({ id: 'l1', product: 'a', unit: 'box' })
    expect(setCell(line, lineFields, line.lines[0]?.key ?? '', 'product', 'b').lines[0]?.values).toEqual({ product: 'b', unit: null })
  })
  it('removes, puts back and repeats a line', () => {
    const before = sheet({ id: 'l1', qty: 1 }, { id: 'l2', qty: 2 })
    const [first, second] = before.lines
    if (!first || !second) throw new Error('two lines')
    expect(insertLine(removeLine(before, first.key), 0, first).lines).toEqual(before.lines)
    const again = repeat(second)
    expect(again).toMatchObject({ id: null, values: { qty: 2 } })
    expect(indexOf(addLine(before, again), again.key)).toBe(2)
  })
  it('is a change only where a person can set it', () => {
    const before = sheet({ id: 'l1', qty: 1, amount: 5 })
    const key = before.lines[0]?.key ?? ''
    expect(touched(setCell(before, lineFields, key, 'amount', 9), before, headFields, lineFields)).toBe(false)
    expect(touched(setCell(before, lineFields, key, 'qty', 9), before, headFields, lineFields)).toBe(true)
    expect(touched(removeLine(before, key), before, headFields, lineFields)).toBe(true)
  })
})

describe('the answer of the server', () => {
  it('fills what nobody has touched since, and nothing else', () => {
    const sent = sheet({ id: 'l1', product: 'a', qty: 10_000 })
    const key = sent.lines[0]?.key ?? ''
    const now = setCell(sent, lineFields, key, 'price', 777)
    const answer = { values: { party: 'p1', total: 500 }, lines: [{ id: 'l1', product: 'a', qty: 10_000, price: 50_000, amount: 500 }] }
    const next = merge(now, sent, answer)
    expect(next.lines[0]?.values).toEqual({ product: 'a', qty: 10_000, price: 777, amount: 500 })
    expect(next.values.total).toBe(500)
  })
  it('finds its lines though others came before them or went', () => {
    const sent = sheet({ id: 'l1', qty: 1 }, { id: 'l2', qty: 2 })
    const [first, second] = sent.lines
    const now = insertLine(removeLine(sent, first?.key ?? ''), 0, newLine(lineFields, { qty: 9 }))
    const next = merge(now, sent, { values: {}, lines: [{ amount: 11 }, { amount: 22 }] })
    expect(next.lines[0]?.values).toEqual({ rate: 1_000_000, qty: 9 })
    expect(next.lines[1]).toMatchObject({ key: second?.key, values: { qty: 2, amount: 22 } })
  })
  it('may bring lines of its own, but not over what was typed meanwhile', () => {
    const sent = setHead(sheet({ id: 'l1', qty: 1 }), headFields, 'party', 'p2')
    const answer = { values: {}, lines: [{ id: '', qty: 7 }, { id: 'l1', qty: 1 }, { qty: 9 }] }
    const next = merge(sent, sent, answer)
    expect(next.lines.map((l) => [l.id, l.values])).toEqual([[null, { qty: 7 }], ['l1', { qty: 1 }], [null, { qty: 9 }]])
    expect(next.lines[1]?.key).toBe(sent.lines[0]?.key)
    const typed = setCell(sent, lineFields, sent.lines[0]?.key ?? '', 'qty', 4)
    expect(merge(typed, sent, answer).lines.map((l) => l.values)).toEqual([{ qty: 4 }])
  })
  it('draws nothing anew when nothing follows', () => {
    const sent = sheet({ id: 'l1', qty: 1 })
    expect(merge(sent, sent, { values: { party: 'p1' }, lines: [{ qty: 1 }] })).toBe(sent)
  })
})

it('sends lines in their order, with their ids', () => {
  expect(bodyOf(addLine(sheet({ id: 'l1', qty: 1 }), newLine([], { qty: 2 })))).toEqual({ values: { party: 'p1', total: 0 }, lines: [{ qty: 1, id: 'l1' }, { qty: 2 }] })
})
it('puts errors at their cell, at their field, or says them in general', () => {
  const now = sheet({ id: 'l1' }, { id: 'l2' })
  const errors = placeErrors({ party: '要填', 'lines.1.qty': '要大于 0', 'lines.0': '重复', lines: '至少一行', '': '期间已结', 'lines.7.qty': '没有这行' }, now, names.head)
  expect(errors.head).toEqual({ party: '要填' })
  expect(errors.cells).toEqual({ [now.lines[1]?.key ?? '']: { qty: '要大于 0' }, [now.lines[0]?.key ?? '']: { '': '重复' } })
  expect(errors.general).toEqual(['至少一行', '期间已结', '没有这行'])
})
it('keeps the names of lines when the same sheet comes back', () => {
  const before = sheet({ id: 'l1' })
  expect(sheetOf({}, [{ id: 'l1', qty: 3 }], names, before).lines[0]?.key).toBe(before.lines[0]?.key)
})
it('keeps of a sheet only what can have been typed, with the titles that belong to it', () => {
  const body = typedOf(sheet({ id: 'l1', product: 'a', qty: 1, amount: 7 }), headFields, lineFields)
  expect(body).toEqual({ values: { party: 'p1' }, lines: [{ product: 'a', qty: 1, id: 'l1' }] })
  expect(titlesOf(body, { a: '轴承', p1: '昆山立源', gone: '别的' })).toEqual({ a: '轴承', p1: '昆山立源' })
})

it('boxes and pieces are no sum: a quantity in several units is told unit by unit', () => {
  const lines = ([['箱', 2], ['个', 5], ['箱', 1], ['', null]] as const).map(([unit, n], at) => ({ key: String(at), id: null, values: { qty: n, unit } }))
  const words = (n: number): string => String(n)
  expect(quantityWords(lines, 'qty', 'unit', words)).toBe('3 箱 + 5 个')
  expect(quantityWords(lines.filter((line) => line.values.unit === '箱'), 'qty', 'unit', words)).toBe('3')
  expect(quantityWords(lines, 'qty', undefined, words)).toBe('8')
  expect(quantityWords([], 'qty', 'unit', words)).toBe('0')
})
