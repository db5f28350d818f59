import { describe, expect, it } from 'vitest'
import { birthdayText, lunarDay, parseBirthday } from './lunar'

const back = (text: string): string => { const p = parseBirthday(text); return p.ok ? birthdayText(p.value) : p.error }

describe('birthdays', () => {
  it('reads what it writes', () => {
    for (const month of [1, 2, 10, 11, 12]) for (let day = 1; day <= 30; day++) {
      const text = birthdayText({ kind: 'lunar', year: 1985, month, day, is_leap_month: day % 2 === 0 })
      expect(back(text)).toBe(text)
    }
  })
  it('reads other ways of writing', () => {
    expect(back('阴历8月15')).toBe('农历八月十五')
    expect(back('1985-03-15')).toBe('1985年3月15日')
    expect(back('3-15')).toBe('3月15日')
    expect(back('农历十一月二十一')).toBe('农历冬月廿一')
    expect(back('2-30')).toBe('没有 2 月 30 日这一天')
    expect(back('2-29')).toBe('2月29日')
    expect(back('哪天')).toBe('生日写成 3-15、1985-03-15 或 农历八月十五')
  })
  it('names the days', () => expect([1, 10, 11, 20, 21, 29, 30].map(lunarDay)).toEqual(['初一', '初十', '十一', '二十', '廿一', '廿九', '三十']))
})
