import { describe, expect, it } from 'vitest'
import { differences } from './diff'

const marked = (before: string, text: string): string => differences(before, text).map((piece) => (piece.isNew ? `[${piece.text}]` : piece.text)).join('')

describe('differences of two texts', () => {
  it.each([
    ['每月 25 日对账', '每月 28 日对账', '每月 [28] 日对账'],
    ['先款后货', '先款后货，月底结清', '先款后货[，月底结清]'],
    ['', '新写的', '[新写的]'],
    ['老客户，很好', '很好', '很好'],
    ['同样', '同样', '同样'],
    ['call on Monday', 'call on Friday', 'call on [Friday]'],
    ['第一句。', '第一句。第二句。', '第一句。[第二句。]'],
    ['一。\n二。', '一。\n三。\n二。', '一。\n[三。\n]二。'],
    ['甲乙丙丁', '甲丙丁乙', '甲丙丁[乙]'],
  ])('%s → %s', (before, text, expected) => {
    expect(marked(before, text)).toBe(expected)
  })
  it('keep the text whole, whatever it is', () => {
    for (const text of ['一\n二  三', '🙂 ok, 100%', 'a'.repeat(50)]) expect(differences('二 ok', text).map((piece) => piece.text).join('')).toBe(text)
  })
  it('of very long texts are found between the first and the last one', () => {
    const long = Array.from({ length: 6000 }, (_, i) => String.fromCharCode(0x4e00 + (i * 7919) % 8000)).join('')
    const pieces = differences(`头${long}甲尾`, `头${[...long].reverse().join('')}乙尾`)
    expect(pieces[0]).toEqual({ text: '头', isNew: false })
    expect(pieces.at(-1)).toEqual({ text: '尾', isNew: false })
    expect(pieces).toHaveLength(3)
  })
})
