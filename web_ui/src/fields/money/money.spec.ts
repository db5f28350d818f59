import { describe, expect, it } from 'vitest'
import { field } from '../info'
import { parseNumber } from '../shared/number'

const kind = { type: 'money', scale: 2, min: 2, fixed: true } as const
const raw = (text: string): unknown => { const p = parseNumber(text, field('money'), kind); return p.ok ? p.value : p.error }

describe('money', () => {
  it('takes thousands commas, signs and full-width digits', () => {
    expect(raw('214,075.80')).toBe(21407580)
    expect(raw('１２３．４５')).toBe(12345)
    expect(raw('\u22121,860')).toBe(-186000)
    expect(raw('￥50')).toBe(5000)
    expect(raw('3.5万')).toBe(3500000)
    expect(raw('  ')).toBe(null)
  })
  it('calculates exactly', () => {
    expect(raw('12*3.5')).toBe(4200)
    expect(raw('=0.1+0.2')).toBe(30)
    expect(raw('（1200＋80）÷2')).toBe(64000)
    expect(raw('100/3*3')).toBe(10000)
    expect(raw('200*13%')).toBe(2600)
  })
  it('rounds half away from zero', () => {
    expect(raw('-0.005')).toBe(-1)
    expect(raw('0.005')).toBe(1)
    expect(raw('1.005')).toBe(101)
    expect(raw('0.0049')).toBe(0)
  })
  it('says what is wrong', () => {
    expect(raw('abc')).toBe('只能写数字或算式，如 12*3.5')
    expect(raw('(1+2')).toBe('括号没有成对')
    expect(raw('1/0')).toBe('不能除以 0')
    expect(raw('99999999999999999')).toBe('数字太大，最多 90,071,992,547,409.91')
    expect(raw('-99999999999999999')).toBe('数字太小，最少 −90,071,992,547,409.91')
    expect(parseNumber('99999999999999999', field('money', { max: 10 ** 13 }), kind)).toEqual({ ok: false, error: '不能大于 100,000,000,000.00' })
    const p = parseNumber('-1', field('money', { min: 0 }), kind)
    expect(p).toEqual({ ok: false, error: '不能小于 0.00' })
  })
})
