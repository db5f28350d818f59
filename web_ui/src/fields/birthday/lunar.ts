import { t } from '@/locale'
import type { Birthday, Value } from '../../api/types'
import type { Parsed } from '../define'
import { daysInMonth } from '../shared/dates'
import { halfWidth } from '../shared/decimal'

export const MONTHS = ['正月', '二月', '三月', '四月', '五月', '六月', '七月', '八月', '九月', '十月', '冬月', '腊月'] as const
const DIGITS = '一二三四五六七八九十'

/** 1 → 初一, 15 → 十五, 20 → 二十, 21 → 廿一, 30 → 三十 */
export function lunarDay(day: number): string {
  if (day <= 10) return '初' + (DIGITS[day - 1] ?? '')
  if (day < 20) return '十' + (DIGITS[day - 11] ?? '')
  if (day === 20) return '二十'
  if (day < 30) return '廿' + (DIGITS[day - 21] ?? '')
  return '三十'
}

export function isBirthday(value: Value | undefined): value is Birthday {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && typeof value.month === 'number' && typeof value.day === 'number'
}

/** 农历八月十五 · 农历1985年闰六月初一 · 3月15日 · 1985年3月15日 */
export function birthdayText(value: Value | undefined): string {
  if (!isBirthday(value)) return ''
  const year = value.year ? `${value.year}年` : ''
  if (value.kind === 'lunar') return `农历${year}${value.is_leap_month ? '闰' : ''}${MONTHS[value.month - 1] ?? `${value.month}月`}${lunarDay(value.day)}`
  return `${year}${value.month}月${value.day}日`
}

export function sortKey(value: Value | undefined): string {
  if (!isBirthday(value)) return ''
  return `${String(value.month).padStart(2, '0')}${String(value.day).padStart(2, '0')}`
}

/** Null when it can be a day, else the sentence that says why not. */
export function wrongBirthday(b: Birthday): string | null {
  if (b.month < 1 || b.month > 12) return t('月份是 1 到 12')
  if (b.kind === 'lunar') {
    if (b.day < 1 || b.day > 30) return t('农历的日子是初一到三十')
  } else if (b.day < 1 || b.day > daysInMonth(b.year ?? 2000, b.month)) return t('没有 {m} 月 {d} 日这一天', { m: b.month, d: b.day })
  if (b.year !== null && (b.year < 1900 || b.year > 2200)) return t('年份写成 1985 的样子，不知道就空着')
  return null
}

function chineseNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  const t = text.replace(/^初/, '')
  if (t === '三十') return 30
  if (t.startsWith('廿')) return 20 + Math.max(0, DIGITS.indexOf(t[1] ?? '') + 1)
  if (t.startsWith('二十')) return 20 + (t.length > 2 ? DIGITS.indexOf(t[2] ?? '') + 1 : 0)
  if (t.startsWith('十')) return 10 + (t.length > 1 ? DIGITS.indexOf(t[1] ?? '') + 1 : 0)
  return DIGITS.indexOf(t) + 1
}

/** 农历八月十五, 1985年3月15日, 3-15, 1985-03-15 */
export function parseBirthday(source: string): Parsed {
  const text = halfWidth(source).replace(/\s+/g, '')
  if (!text) return { ok: true, value: null }
  const lunar = /^(?:农历|阴历)(?:(\d{4})年?)?(闰)?(正|冬|腊|十[一二]?|[一二三四五六七八九]|\d{1,2})月(初?[一二三四五六七八九十]|十[一二三四五六七八九]|二十[一二三四五六七八九]?|廿[一二三四五六七八九]|三十|\d{1,2})[日号]?$/.exec(text)
  const solar = /^(?:公历|阳历)?(?:(\d{4})[-/.年])?(\d{1,2})[-/.月](\d{1,2})[日号]?$/.exec(text)
  let found: Birthday | null = null
  if (lunar) {
    const name = lunar[3] ?? ''
    const month = name === '正' ? 1 : name === '冬' ? 11 : name === '腊' ? 12 : chineseNumber(name)
    found = { kind: 'lunar', year: lunar[1] ? Number(lunar[1]) : null, month, day: chineseNumber(lunar[4] ?? ''), is_leap_month: lunar[2] === '闰' }
  } else if (solar) {
    found = { kind: 'solar', year: solar[1] ? Number(solar[1]) : null, month: Number(solar[2]), day: Number(solar[3]), is_leap_month: false }
  }
  if (!found) return { ok: false, error: t('生日写成 3-15、1985-03-15 或 农历八月十五') }
  const wrong = wrongBirthday(found)
  return wrong ? { ok: false, error: wrong } : { ok: true, value: found }
}
