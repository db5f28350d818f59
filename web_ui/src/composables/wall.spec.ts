// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import { today } from '../fields/shared/dates'
import { isoDay } from './dates'
import { wallNow, wallOf } from './wall'

describe('the clock on the wall of the program', () => {
  const late = new Date('2026-11-23T17:30:00Z')
  it('shows the day of its zone, whatever zone the browser is in', () => {
    expect([isoDay(wallOf(late, 'Asia/Shanghai')), wallOf(late, 'Asia/Shanghai').getHours()]).toEqual(['2026-11-24', 1])
    expect([isoDay(wallOf(late, 'America/New_York')), wallOf(late, 'America/New_York').getHours()]).toEqual(['2026-11-23', 12])
  })
  it('is that of the browser where nobody said a zone, or one it does not know', () => expect([wallOf(late, ''), wallOf(late, 'Nowhere/At_All')]).toEqual([late, late]))

  afterEach(() => { vi.useRealTimers(); document.querySelector('meta[name="ecms-zone"]')?.remove() })
  it('says what today is', () => {
    vi.useFakeTimers({ now: late })
    document.head.insertAdjacentHTML('beforeend', '<meta name="ecms-zone" content="Asia/Shanghai">')
    expect([today(), isoDay(wallNow())]).toEqual(['2026-11-24', '2026-11-24'])
    document.querySelector('meta[name="ecms-zone"]')?.setAttribute('content', 'America/New_York')
    expect(today()).toBe('2026-11-23')
  })
})
