import { describe, expect, it } from 'vitest'
import golden from '../../../tests/golden/format.json'
import type { FieldInfo, FieldType, Labels, Value } from '../api/types'
import { whyPartly } from './define'
import { formatValue, knownTypes, wordsIn } from './index'
import { field } from './info'

interface Case { type: FieldType; options: Partial<FieldInfo> & { labels?: Labels; timezone?: string }; raw: Value; text: string }

describe('every type shows its values as the golden file says', () => {
  const cases = golden.cases as unknown as Case[]
  for (const c of cases) {
    it(`${c.type} ${JSON.stringify(c.raw)} → ${c.text}`, () => {
      const { labels = {}, timezone, ...options } = c.options
      expect(formatValue(c.raw, field(c.type, options), { labels, ...(timezone ? { timezone } : {}) })).toBe(c.text)
    })
  }
  it('has a case for every type', () => {
    expect([...new Set(cases.map((c) => c.type))].sort()).toEqual(knownTypes().sort())
  })
})

it('says of what nobody knows that it is unknown, and of what is free that it is 0', () => {
  const cost = field('money', { name: 'cost', unknown: { by: 'open left', but: 'told', partly: '' } })
  const words = (row: Record<string, number | null>): string => wordsIn({ left: 1, ...row }, cost, { labels: {} })
  expect([words({ cost: 0, open: 3, told: null }), words({ cost: null, open: 3, told: 0 })]).toEqual(['未知', '未知'])
  expect([words({ cost: 0, open: 0, told: null }), words({ cost: 0, open: 3, told: 5 }), words({ cost: 0, open: 3, left: 0, told: null }), words({ cost: 100, open: 3, told: null })]).toEqual(['0.00', '0.00', '0.00', '1.00'])
})

it('marks what is known in part only, and says why', () => {
  const rate = field('rate', { name: 'rate', unknown: { by: 'open', but: '', partly: '只算成本已知的部分' } })
  const said = (row: Record<string, number | null>): string[] => [wordsIn(row, rate, { labels: {} }), whyPartly(row, rate)]
  expect([said({ rate: 330400, open: 5 }), said({ rate: 330400, open: null }), said({ rate: null, open: 5 })]).toEqual([['≈33.04%', '只算成本已知的部分'], ['33.04%', ''], ['未知', '']])
})
