import { describe, expect, it } from 'vitest'
import golden from '../../../tests/golden/format.json'
import type { FieldInfo, FieldType, Labels, Value } from '../api/types'
import { formatValue, knownTypes } from './index'
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
