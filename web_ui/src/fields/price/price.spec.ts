import { expect, it } from 'vitest'
import definition from './index'
import { field } from '../info'

it('price: typed text to raw and back', () => {
  const info = field('price')
  expect(definition.parse('9.99', info)).toEqual({ ok: true, value: 99900 })
  expect(definition.editText(99900, info)).toBe('9.99')
  expect(definition.parse('', info)).toEqual({ ok: true, value: null })
  expect(definition.compare(1, 2)).toBeLessThan(0)
  expect(definition.compare(null, -5)).toBeLessThan(0)
  expect(definition.tone?.(-1, info)).toBe('negative')
})
