import { describe, expect, it } from 'vitest'
import { unusual } from './usual'

const usual = { pattern: '\\d{6}', words: '6 位' }

describe('what does not look as usual', () => {
  it.each(['215000', '215 000', '２１５０００', '215000、100000', '215000 100000', '215 000 100-000'])('%s is fine', (text) => expect(unusual(text, { usual })).toBeNull())
  it.each(['21500', '2150000', 'SW1A 1AA', '215000、12', '215000 12', '12 215000', '215000、'])('%s is pointed out', (text) => expect(unusual(text, { usual })).toBe('6 位'))
  it('says nothing of what is blank, or of a field without a usual look', () => {
    for (const value of [null, undefined, '']) expect(unusual(value, { usual })).toBeNull()
    expect(unusual('x', {})).toBeNull()
  })
})
