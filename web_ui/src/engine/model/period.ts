/** 数据显示 (C6): which days of the module's date column the list shows. */
import type { ModuleInfo, Period } from '../../api/types'
import { wallNow } from '@/composables/wall'
import { t } from '@/locale'
import { addDays, dayOf, daysInMonth, isoOf, today, weekday, WEEKDAYS } from '../../fields/shared/dates'

export type StepKind = 'month' | 'week' | 'day'
export interface Span { from: string; to: string }

export const ALL: Period = { kind: 'all' }

export function defaultPeriod(module: ModuleInfo): Period {
  if (!module.when || module.default_show === 'all') return ALL
  return { kind: 'month', offset: 0 }
}

export const isStepped = (p: Period): p is { kind: StepKind; offset: number } =>
  p.kind === 'month' || p.kind === 'week' || p.kind === 'day'

/** The days meant, today being `now`; null when it does not limit them (所有) or shows nothing (不显示). */
export function spanOf(period: Period, now = wallNow()): Span | null {
  if (period.kind === 'span') return { from: period.from, to: period.to }
  if (!isStepped(period)) return null
  const base = today(now)
  if (period.kind === 'day') {
    const day = addDays(base, period.offset)
    return { from: day, to: day }
  }
  if (period.kind === 'week') {
    const monday = addDays(base, period.offset * 7 - weekday(base))
    return { from: monday, to: addDays(monday, 6) }
  }
  const here = dayOf(now)
  const index = here.year * 12 + (here.month - 1) + period.offset
  const year = Math.floor(index / 12), month = (index % 12) + 1
  return { from: isoOf({ year, month, day: 1 }), to: isoOf({ year, month, day: daysInMonth(year, month) }) }
}

/** Whether a list of this period shows a day. */
export function covers(period: Period, day: string, now = wallNow()): boolean {
  if (period.kind === 'all') return true
  const span = spanOf(period, now)
  return !!span && (!span.from || day >= span.from) && (!span.to || day <= span.to)
}

/** The month that a day is in. */
export function monthOf(day: string, now = wallNow()): Period {
  const [year = 0, month = 0] = day.split('-').map(Number)
  const here = dayOf(now)
  return { kind: 'month', offset: (year - here.year) * 12 + month - here.month }
}

export function step(period: Period, by: number): Period {
  return isStepped(period) ? { kind: period.kind, offset: period.offset + by } : period
}

const short = (iso: string): string => iso.slice(5)

/** 2026年11月 · 11-23 至 11-29 · 11月23日 周一 · 所有 · 不显示 */
export function periodLabel(period: Period, now = wallNow()): string {
  if (period.kind === 'all') return t('所有')
  if (period.kind === 'none') return t('不显示')
  const span = spanOf(period, now)
  if (!span) return ''
  if (!span.from) return t('{day} 以前', { day: span.to })
  if (!span.to) return t('{day} 以后', { day: span.from })
  const [year = 0, month = 0, day = 0] = span.from.split('-').map(Number)
  const sameYear = year === now.getFullYear()
  if (period.kind === 'month') return t('{year}年{month}月', { year: String(year), month })
  if (period.kind === 'day') return `${sameYear ? t('{month}月{day}日', { month, day }) : t('{year}年{month}月{day}日', { year: String(year), month, day })} ${t(WEEKDAYS[weekday(span.from)] ?? '')}`
  if (period.kind === 'week') return t('{from} 至 {to}', { from: sameYear ? short(span.from) : span.from, to: short(span.to) })
  return t('{from} 至 {to}', { from: span.from, to: span.to })
}

export function samePeriod(a: Period, b: Period): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
