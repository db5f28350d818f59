import { wallNow } from '@/composables/wall'
import { t } from '@/locale'
import { addDays, dayOf, isoOf, today, validDay, weekday } from './dates'
import { halfWidth } from './decimal'

export const dateHint = (): string => t('日期写成 0315、3-15、今天 或 +7 都可以')

const WORDS: Record<string, number> = { 今天: 0, 今日: 0, 明天: 1, 明日: 1, 后天: 2, 大后天: 3, 昨天: -1, 昨日: -1, 前天: -2 }
const WEEK = '一二三四五六日'

export type ParsedDate = { ok: true; value: string } | { ok: false; error: string }

/** `0315`, `3-15`, `3月15日`, `15` (of this month), `今天`, `+7`, `下周三`, `20261123`, `2026-11-23` → `YYYY-MM-DD`. */
export function parseDate(source: string, now = wallNow()): ParsedDate {
  const text = halfWidth(source).replace(/\s+/g, '')
  const base = today(now)
  const here = dayOf(now)
  const word = WORDS[text]
  if (word !== undefined) return { ok: true, value: addDays(base, word) }

  const step = /^([+-])(\d{1,4})(天|日|周|个?月|年)?$/.exec(text)
  if (step) {
    const n = Number(step[2]) * (step[1] === '-' ? -1 : 1)
    const unit = step[3] ?? '天'
    if (unit === '周') return { ok: true, value: addDays(base, n * 7) }
    if (unit.endsWith('月')) return { ok: true, value: addMonths(base, n) }
    if (unit === '年') return { ok: true, value: addMonths(base, n * 12) }
    return { ok: true, value: addDays(base, n) }
  }
  const week = /^(上|本|这|下)?(?:周|星期|礼拜)([一二三四五六日天])$/.exec(text)
  if (week) {
    const target = WEEK.indexOf(week[2] === '天' ? '日' : (week[2] ?? '一'))
    const shift = week[1] === '上' ? -7 : week[1] === '下' ? 7 : 0
    return { ok: true, value: addDays(base, target - weekday(base) + shift) }
  }

  let y = here.year, m = here.month, d = 0
  const digits = /^\d+$/.test(text)
  const full = /^(\d{4}|\d{2})[-/.年](\d{1,2})[-/.月](\d{1,2})日?$/.exec(text)
  const short = /^(\d{1,2})[-/.月](\d{1,2})[日号]?$/.exec(text)
  if (full) { y = Number(full[1]); m = Number(full[2]); d = Number(full[3]) }
  else if (short) { m = Number(short[1]); d = Number(short[2]) }
  else if (digits && text.length === 8) { y = Number(text.slice(0, 4)); m = Number(text.slice(4, 6)); d = Number(text.slice(6)) }
  else if (digits && text.length === 6) { y = Number(text.slice(0, 2)); m = Number(text.slice(2, 4)); d = Number(text.slice(4)) }
  else if (digits && text.length === 4) { m = Number(text.slice(0, 2)); d = Number(text.slice(2)) }
  else if (digits && text.length === 3) { m = Number(text.slice(0, 1)); d = Number(text.slice(1)) }
  else if (/^\d{1,2}[日号]?$/.test(text)) d = parseInt(text, 10)
  else return { ok: false, error: dateHint() }
  // two-digit years: 70–99 are of the last century (birthdays), the rest of this one
  if (y < 100) y += y >= 70 ? 1900 : 2000
  const found = { year: y, month: m, day: d }
  if (y < 1900 || y > 2200) return { ok: false, error: t('年份要在 1900 到 2200 之间') }
  if (!validDay(found)) return { ok: false, error: t('没有 {m} 月 {d} 日这一天', { m, d }) }
  return { ok: true, value: isoOf(found) }
}

/** The same day n months on; the last day where that month is shorter. */
export function addMonths(iso: string, months: number): string {
  const [y = 0, m = 1, d = 1] = iso.split('-').map(Number)
  const index = y * 12 + (m - 1) + months
  const year = Math.floor(index / 12), month = (index % 12) + 1
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate()
  return isoOf({ year, month, day: Math.min(d, last) })
}
