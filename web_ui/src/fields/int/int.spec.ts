import { expect, it } from 'vitest'
import definition from './index'
import { field } from '../info'

it('int: typed text to raw and back', () => {
  const info = field('int')
  expect(definition.parse('12', info)).toEqual({ ok: true, value: 12 })
  expect(definition.editText(12, info)).toBe('12')
  expect(definition.parse('', info)).toEqual({ ok: true, value: null })
  expect(definition.compare(1, 2)).toBeLessThan(0)
  expect(definition.compare(null, -5)).toBeLessThan(0)
  expect(definition.tone?.(-1, info)).toBe('negative')
})
