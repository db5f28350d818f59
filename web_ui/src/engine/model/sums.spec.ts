import { describe, expect, it } from 'vitest'
import type { FieldInfo, Row } from '../../api/types'
import { sumOf, wordsOf } from './sums'

const field = (rule: FieldInfo['sum_rule']): FieldInfo => ({ name: 'total', type: 'money', sum: true, sum_rule: rule }) as FieldInfo
const row = (kind: string, total: number, state = 'posted'): Row => ({ id: `${kind}${total}`, rev: 1, kind, total, state }) as Row

describe('totals of what is selected', () => {
  const signed = field({ posted: true, by: 'kind', signs: { back: -1, order: 0 }, within: '' })
  it('count what is posted, with the sign of its kind', () => {
    expect(sumOf([row('sale', 500), row('back', 80), row('order', 900), row('sale', 7, 'draft'), row('sale', 9, 'cancelled')], signed)).toBe(420)
  })
  it('of one kind alone are plain', () => {
    expect(sumOf([row('order', 900), row('order', 100)], signed)).toBe(1000)
  })
  it('are none of what must not be added up', () => {
    const apart = field({ posted: false, by: '', signs: {}, within: 'kind' })
    expect(sumOf([row('receivable', 500), row('payable', 80)], apart)).toBeUndefined()
    expect(sumOf([row('payable', 500), row('payable', 80)], apart)).toBe(580)
  })
  it('add up plainly without a rule', () => expect(sumOf([row('a', 1, 'draft'), row('b', 2)], field(null))).toBe(3))
})

describe('what totals count', () => {
  it('is said once, of the columns that are shown', () => {
    expect(wordsOf(['total', 'open'], { total: ['只算已过账的', '数量：个 5，箱 3'], open: ['可用：个 1，箱 3', '只算已过账的'] })).toBe('只算已过账的，数量：个 5，箱 3；可用：个 1，箱 3')
    expect(wordsOf(['total', 'open'], { total: ['只算已过账的', '退货为减'], open: ['只算已过账的'], cost: ['别的'] })).toBe('只算已过账的，退货为减')
  })
})
