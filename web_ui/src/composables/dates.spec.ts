import { describe, expect, it } from 'vitest'
import { greeting, isoDay, lunarDate, lunarDayWords, monthStart, shortDay, weekday, weekStart } from './dates'
import { labelMatches } from './pinyin'

const monday = new Date(2026, 10, 23, 9, 30)

describe('dates in words', () => {
  it('know the lunar day', () => {
    expect(lunarDate(monday)).toBe('农历丙午年十月十五')
    expect([1, 10, 11, 20, 21, 29, 30].map(lunarDayWords)).toEqual(['初一', '初十', '十一', '二十', '廿一', '廿九', '三十'])
  })
  it('begin the week on Monday', () => {
    expect(weekday(monday)).toBe('星期一')
    expect(isoDay(weekStart(monday))).toBe('2026-11-23')
    expect(isoDay(weekStart(new Date(2026, 10, 29)))).toBe('2026-11-23')
    expect(isoDay(monthStart(monday))).toBe('2026-11-01')
  })
  it('say today, and leave this year out', () => {
    expect(['2026-11-23', '2026-11-24', '2026-11-22', '2026-12-01', '2027-01-04'].map((day) => shortDay(day, monday))).toEqual(['今天', '明天', '昨天', '12-01', '2027-01-04'])
    expect(greeting(monday)).toBe('上午好')
  })
})

describe('menu entries', () => {
  it('are found by a part of the name or by pinyin initials', () => {
    expect(labelMatches('客户信息', '户信')).toBe(true)
    expect(labelMatches('客户信息', 'khxx')).toBe(true)
    expect(labelMatches('联系人信息', 'lxr')).toBe(true)
    expect(labelMatches('供应商信息', 'gys')).toBe(true)
    expect(labelMatches('竞争对手信息', 'khxx')).toBe(false)
  })
})
