import { expect, it } from 'vitest'
import { field } from '../info'
import { parseNumber } from '../shared/number'

it('a rate is the same with and without its sign', () => {
  const kind = { type: 'rate', scale: 4, min: 0, suffix: '%' } as const
  expect(parseNumber('13%', field('rate'), kind)).toEqual({ ok: true, value: 130000 })
  expect(parseNumber('13', field('rate'), kind)).toEqual({ ok: true, value: 130000 })
  expect(parseNumber('６．５％', field('rate'), kind)).toEqual({ ok: true, value: 65000 })
  expect(parseNumber('9999999999999', field('rate'), kind)).toEqual({ ok: false, error: '数字太大，最多 900,719,925,474.0991%' })
})
