import { instantOf, wallNow, zoneOfPage } from '@/composables/wall'
import { t } from '@/locale'
import type { Value } from '../../api/types'
import { isEmpty, type Parsed } from '../define'
import { today } from '../shared/dates'
import { halfWidth } from '../shared/decimal'
import { parseDate } from '../shared/parseDate'

const formatters = new Map<string, Intl.DateTimeFormat>()

function formatter(timezone: string): Intl.DateTimeFormat {
  let made = formatters.get(timezone)
  if (!made) {
    const parts = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
    try {
      made = new Intl.DateTimeFormat('sv-SE', { ...parts, ...(timezone ? { timeZone: timezone } : {}) })
    } catch {
      made = new Intl.DateTimeFormat('sv-SE', parts) // a zone that this browser does not know
    }
    formatters.set(timezone, made)
  }
  return made
}

/** UTC instant → `2026-11-23 10:41` on the wall clock of the zone: the program's, as on paper. */
export function formatInstant(value: Value | undefined, timezone = zoneOfPage()): string {
  if (isEmpty(value) || typeof value !== 'string') return ''
  const at = new Date(value)
  if (Number.isNaN(at.getTime())) return value
  return formatter(timezone).format(at)
}

/** `14:30` (today), `3-15 9:00`, `今天 14点`, a date alone (0:00) → UTC instant. */
export function parseInstant(source: string, now = wallNow()): Parsed {
  const text = halfWidth(source).trim()
  if (!text) return { ok: true, value: null }
  const clock = /(?:^|\s|T|日|天)(\d{1,2})(?::|点|时)(\d{1,2})?(?:分)?(?::\d{1,2})?$/.exec(text)
  let hour = 0, minute = 0, day = text
  if (clock) {
    hour = Number(clock[1]); minute = Number(clock[2] ?? 0)
    if (hour > 23 || minute > 59) return { ok: false, error: t('时间写成 14:30 的样子') }
    day = text.slice(0, clock.index) + (/^[日天]/.exec(clock[0])?.[0] ?? '')
  }
  const parsed = day.trim() ? parseDate(day, now) : ({ ok: true, value: today(now) } as const)
  if (!parsed.ok) return { ok: false, error: t('{error}，时间写成 14:30', { error: parsed.error }) }
  const [y = 0, m = 1, d = 1] = parsed.value.split('-').map(Number)
  return { ok: true, value: instantOf(y, m, d, hour, minute, zoneOfPage()).toISOString() }
}
