import { describe, expect, it } from 'vitest'
import { bareCode, beyondCode, caretIn, showCode } from './joinCode'

describe('a joining code', () => {
  it.each([
    ['K7Q2M-9F4MX', 'K7Q2M-9F4MX'], ['k7q2m9f4mx', 'K7Q2M-9F4MX'], [' K7Q2M – 9F4MX\n', 'K7Q2M-9F4MX'], ['ｋ７ｑ２ｍ９ｆ４ｍｘ', 'K7Q2M-9F4MX'], ['加入码：K7Q2M-9F4MX。', 'K7Q2M-9F4MX'],
    ['K7Q2M', 'K7Q2M'], ['K7Q2M9', 'K7Q2M-9'], ['', ''], ['K7Q2M-9F4MX-more', 'K7Q2M-9F4MX'],
  ])('typed as %j is %s', (typed, shown) => {
    expect(showCode(typed)).toBe(shown)
  })
  it('is ten letters and digits', () => {
    expect(bareCode('k7q2m-9f4mx')).toHaveLength(10)
  })
  it('says how much there is too much', () => {
    expect([beyondCode('K7Q2M-9F4M'), beyondCode('K7Q2M-9F4MX'), beyondCode('K7Q2M-9F4MX-more')]).toEqual([0, 0, 4])
  })
  it('keeps the cursor where it was', () => {
    expect(caretIn('K7Q2M-9F4MX', 3)).toBe(3)
    expect(caretIn('K7Q2M-9F4MX', 7)).toBe(8)
    expect(caretIn('K7Q2M-9F4MX', 10)).toBe(11)
    expect(caretIn('K7Q2M', 5)).toBe(5)
  })
})
