import { describe, expect, it } from 'vitest'
import type { Clause, Filter } from '@/api/types'
import { concerns, recents, tiles } from './tiles'

const wednesday = new Date(2026, 10, 25, 9, 0)
function holds(one: Clause | Filter, day: string): boolean {
  if ('and' in one) return one.and.every((part) => holds(part, day))
  if ('or' in one) return one.or.some((part) => holds(part, day))
  const value = String(one.value)
  return one.op === 'lt' ? day < value : one.op === 'le' ? day <= value : one.op === 'ge' && day >= value
}
const contacts = tiles.filter((tile) => JSON.stringify(tile.view(wednesday)).includes('next_contact_on'))
const countedBy = (day: string): string[] => contacts.filter((tile) => holds(tile.view(wednesday).filter ?? { and: [] }, day)).map((tile) => tile.label)

describe('who is to be contacted', () => {
  it.each([
    ['2026-01-05', ['逾期未联系']], ['2026-11-23', ['逾期未联系']], ['2026-11-24', ['逾期未联系']],
    ['2026-11-25', ['本周要联系']], ['2026-11-29', ['本周要联系']], ['2026-11-30', []],
  ])('%s counts once, and as what it is', (day, labels) => expect(countedBy(day)).toEqual(labels))
  it('is listed beside both', () => {
    const due = recents.find((one) => one.due)?.view(wednesday).filter ?? { and: [] }
    expect(['2026-01-05', '2026-11-25', '2026-11-29', '2026-11-30'].map((day) => holds(due, day))).toEqual([true, true, true, false])
  })
})

it('who trades is not counted anew with every document', () => {
  expect(['sale', 'purchase', 'customer', 'quote'].map((module) => concerns(module, tiles, false))).toEqual([false, false, true, false])
  expect(concerns('sale', tiles, true)).toBe(true)
})
