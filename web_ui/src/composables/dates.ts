/** Dates for people: words for today, the lunar day, the week. */
import { t } from '@/locale'
import { wallNow } from './wall'

export function isoDay(date: Date): string {
  const pad = (n: number): string => String(n).padStart(2, '0')
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`
}
export function addDays(date: Date, days: number): Date {
  const next = new Date(date)
  next.setDate(next.getDate() + days)
  return next
}
/** Monday of the week */
export function weekStart(date: Date): Date {
  return addDays(date, -((date.getDay() + 6) % 7))
}
export function monthStart(date: Date): Date {
  return new Date(date.getFullYear(), date.getMonth(), 1)
}
export function longDay(date: Date): string {
  return t('{y} 年 {m} 月 {d} 日', { y: date.getFullYear(), m: date.getMonth() + 1, d: date.getDate() })
}
export function weekday(date: Date): string {
  return [t('星期日'), t('星期一'), t('星期二'), t('星期三'), t('星期四'), t('星期五'), t('星期六')][date.getDay()] ?? ''
}

const TENS = ['初', '十', '廿', '三']
const ONES = ['十', '一', '二', '三', '四', '五', '六', '七', '八', '九']
/** 1 → 初一, 10 → 初十, 15 → 十五, 20 → 二十, 30 → 三十 */
export function lunarDayWords(day: number): string {
  if (day === 10) return '初十'
  if (day === 20) return '二十'
  if (day === 30) return '三十'
  return `${TENS[Math.floor(day / 10)] ?? ''}${ONES[day % 10] ?? ''}`
}
/** 农历丙午年十月十五, from the calendar data that the browser engine brings along */
export function lunarDate(date: Date): string {
  try {
    const parts = new Intl.DateTimeFormat('zh-CN-u-ca-chinese', { dateStyle: 'long' }).formatToParts(date) as { type: string; value: string }[]
    const year = parts.find((p) => p.type === 'yearName')?.value
    const month = parts.find((p) => p.type === 'month')?.value
    const day = parts.find((p) => p.type === 'day')?.value
    if (!year || !month || !day) return ''
    // some engines write the day in words already
    // the lunar date is written in Chinese in every language
    return `农历${year}年${month.replace(/月?$/, '月')}${/^\d+$/.test(day) ? lunarDayWords(Number(day)) : day}`
  } catch {
    return ''
  }
}

/** 今天, 明天, 昨天, else 11-24 (this year) or 2027-01-04 */
export function shortDay(iso: string, today = wallNow()): string {
  if (iso === isoDay(today)) return t('今天')
  if (iso === isoDay(addDays(today, 1))) return t('明天')
  if (iso === isoDay(addDays(today, -1))) return t('昨天')
  return iso.startsWith(`${today.getFullYear()}-`) ? iso.slice(5) : iso
}

export function greeting(date: Date): string {
  const hour = date.getHours()
  if (hour < 5) return t('夜深了')
  if (hour < 11) return t('上午好')
  if (hour < 13) return t('中午好')
  if (hour < 18) return t('下午好')
  return t('晚上好')
}
