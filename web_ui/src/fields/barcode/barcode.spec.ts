import { describe, expect, it } from 'vitest'
import { field } from '../info'
import { wrongDigit } from './checkDigit'
import { parseBarcode } from './parse'

describe('barcode', () => {
  it('is kept as a scanner sends it', () => {
    expect(parseBarcode(' ６９０1234 567892 ', field('barcode'))).toEqual({ ok: true, value: '6901234567892' })
    expect(parseBarcode('  ', field('barcode'))).toEqual({ ok: true, value: null })
  })
  it('knows the check digit of the common codes', () => {
    for (const right of ['6901234567892', '96385074', '036000291452', '16901234567899']) expect(wrongDigit(right), right).toBe(null)
    expect(wrongDigit('6901234567890')).toBe('2')
    expect(wrongDigit('96385070')).toBe('4')
  })
  it('says nothing about codes of another kind', () => {
    for (const own of ['A-100', '12345', '']) expect(wrongDigit(own)).toBe(null)
  })
})
