/** Exact decimal arithmetic: amounts never pass through floats. A number is a fraction of two whole numbers. */
import { t } from '@/locale'

export interface Fraction { n: bigint; d: bigint }

const MINUS = '\u2212'
/** beyond this a JSON number would lose digits */
export const RAW_MAX = Number.MAX_SAFE_INTEGER

export class DecimalError extends Error {}

/** Full-width digits, letters, signs and spaces → half-width; a Chinese input method writes them all the time. */
export function halfWidth(text: string): string {
  return text
    .replace(/[\uFF01-\uFF5E]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0))
    .replace(/\u3000/g, ' ')
    .replace(/。/g, '.')
    .replace(/[\u2212\u2013\u2014]/g, '-')
    .replace(/×/g, '*')
    .replace(/÷/g, '/')
    .replace(/、/g, ',')
}

function fraction(text: string): Fraction {
  const [whole = '', part = ''] = text.split('.')
  return { n: BigInt((whole || '0') + part), d: 10n ** BigInt(part.length) }
}

/** `12*3.5`, `(1,200+80)/2`, `=3万`, `-5` → exact fraction; throws DecimalError with a Chinese sentence. */
export function calculate(source: string): Fraction {
  const text = halfWidth(source).replace(/[\s,¥￥元]/g, '').replace(/^=/, '')
  if (text.length > 200) throw new DecimalError(t('算式太长'))
  let at = 0
  const peek = (): string => text[at] ?? ''

  function primary(): Fraction {
    if (peek() === '(') {
      at++
      const inner = sum()
      if (peek() !== ')') throw new DecimalError(t('括号没有成对'))
      at++
      return inner
    }
    if (peek() === '-' || peek() === '+') {
      const sign = peek() === '-' ? -1n : 1n
      at++
      const inner = primary()
      return { n: sign * inner.n, d: inner.d }
    }
    const found = /^(\d+(\.\d*)?|\.\d+)/.exec(text.slice(at))
    if (!found) throw new DecimalError(t('只能写数字或算式，如 12*3.5'))
    at += found[0].length
    let value = fraction(found[0])
    if (peek() === '万') { at++; value = { n: value.n * 10000n, d: value.d } }
    else if (peek() === '亿') { at++; value = { n: value.n * 100000000n, d: value.d } }
    if (peek() === '%') { at++; value = { n: value.n, d: value.d * 100n } }
    return value
  }
  function product(): Fraction {
    let left = primary()
    while (peek() === '*' || peek() === '/' || peek() === 'x' || peek() === 'X') {
      const op = peek()
      at++
      const right = primary()
      if (op === '/') {
        if (right.n === 0n) throw new DecimalError(t('不能除以 0'))
        left = right.n < 0n ? { n: -left.n * right.d, d: left.d * -right.n } : { n: left.n * right.d, d: left.d * right.n }
      } else left = { n: left.n * right.n, d: left.d * right.d }
    }
    return left
  }
  function sum(): Fraction {
    let left = product()
    while (peek() === '+' || peek() === '-') {
      const sign = peek() === '-' ? -1n : 1n
      at++
      const right = product()
      left = { n: left.n * right.d + sign * right.n * left.d, d: left.d * right.d }
    }
    return left
  }

  const value = sum()
  if (at < text.length) throw new DecimalError(t('只能写数字或算式，如 12*3.5'))
  return value
}

/** Half up, away from zero on a tie (−0.005 → −0.01). */
export function roundTo(value: Fraction, digits: number): bigint {
  const n = value.n * 10n ** BigInt(digits)
  const magnitude = n < 0n ? -n : n
  const rounded = (magnitude * 2n + value.d) / (value.d * 2n)
  return n < 0n ? -rounded : rounded
}

/** raw = value × 10^scale → `1,234.50`; at least `min` digits after the point, further ones only where they are not 0. */
export function formatScaled(raw: number, scale: number, min: number, commas = true): string {
  if (!Number.isFinite(raw)) return ''
  const value = BigInt(Math.trunc(raw))
  const magnitude = (value < 0n ? -value : value).toString().padStart(scale + 1, '0')
  const whole = magnitude.slice(0, magnitude.length - scale)
  let part = scale ? magnitude.slice(-scale) : ''
  while (part.length > min && part.endsWith('0')) part = part.slice(0, -1)
  const grouped = commas ? whole.replace(/\B(?=(\d{3})+$)/g, ',') : whole
  return (value < 0n ? MINUS : '') + grouped + (part ? '.' + part : '')
}

/** Text of an amount for its input: plain minus, so that it can be typed over. */
export function editScaled(raw: number, scale: number, min: number): string {
  return formatScaled(raw, scale, min).replace(MINUS, '-')
}
