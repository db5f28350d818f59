import { expect, it } from 'vitest'
import type { DocumentHint } from '../../api/types'
import type { Line, Sheet } from './sheet'
import { KeptChoices, putBack, turnedBy } from './turned'

const line = (key: string, price: number): Line => ({ key, id: null, values: { price, qty: 1 } })
const sheet = (...lines: Line[]): Sheet => ({ values: {}, lines })
const told = (...lines: number[]): DocumentHint => ({ text: '重新带出', level: 'info', back: { label: '保留原价', lines, fields: ['price', 'source'] } })
const prices = (of: Sheet): unknown[] => of.lines.map((one) => one.values.price)

it('puts lines back, but not one that was typed into since', () => {
  const asked = sheet(line('a', 10), line('b', 20), line('c', 30)), next = sheet(line('a', 11), line('b', 22), line('c', 30))
  const turned = turnedBy(null, [told(0, 1)], asked, next)
  expect(turned).toMatchObject({ text: '重新带出', label: '保留原价' })
  expect(turned && prices(putBack(sheet(line('new', 1), line('b', 25), line('a', 11), line('c', 33)), turned))).toEqual([1, 25, 10, 33])
})
it('goes back to the first of several, and stays said while other answers come', () => {
  const first = turnedBy(null, [told(0, 1)], sheet(line('a', 10), line('b', 20)), sheet(line('a', 11), line('b', 21)))
  expect(turnedBy(first, [{ text: '上次价', level: 'info', line: 0 }], sheet(), sheet())).toBe(first)
  // b was typed into between the two
  const now = sheet(line('a', 12), line('b', 22))
  const second = turnedBy(first, [told(0, 1)], sheet(line('a', 11), line('b', 29)), now)
  expect(second && prices(putBack(now, second))).toEqual([10, 29])
})
it('asks for nothing that is not there', () => expect(turnedBy(null, [told(3)], sheet(line('a', 1)), sheet(line('a', 1)))).toBeNull())
it('says nothing any more once the lines are as they were', () => {
  const there = turnedBy(null, [told(0)], sheet(line('a', 10)), sheet(line('a', 11)))
  expect(turnedBy(there, [told(0)], sheet(line('a', 11)), sheet(line('a', 10)))).toBeNull()
})

it('asks nothing again between choices of which one was kept, until a line is priced anew', () => {
  const kept = new KeptChoices()
  expect(kept.has('customer', 'a', 'b')).toBe(false)
  kept.keep('customer', 'a', 'b')
  // to b again, back to a whose prices stand, and from b to one that nobody was asked about
  expect([kept.has('customer', 'a', 'b'), kept.has('customer', 'a', 'a'), kept.has('customer', 'a', 'c'), kept.has('supplier', 'a', 'b')]).toEqual([true, true, false, false])
  kept.forget()
  expect(kept.has('customer', 'a', 'b')).toBe(false)
})
