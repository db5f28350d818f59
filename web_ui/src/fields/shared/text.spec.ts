import { describe, expect, it } from 'vitest'
import { parseBool } from '../bool/words'
import { parseEmail } from '../email/parse'
import { parseEnum, toneOfEnum } from '../enum/words'
import { field } from '../info'
import { parsePhone } from '../phone/parse'
import { parseUrl } from '../url/parse'
import { parseText } from './text'

describe('words', () => {
  it('text is trimmed, empty is nothing, too long is said with both counts', () => {
    expect(parseText('  甲 ', field('text'))).toEqual({ ok: true, value: '甲' })
    expect(parseText('   ', field('text'))).toEqual({ ok: true, value: null })
    expect(parseText('一二三四', field('text', { max_length: 3 }))).toEqual({ ok: false, error: '最多 3 个字，现在 4 个' })
  })
  it('a phone stays as typed', () => {
    expect(parsePhone(' 0512-5733 9025 转 8012', field('phone'))).toEqual({ ok: true, value: '0512-5733 9025 转 8012' })
    expect(parsePhone('林', field('phone')).ok).toBe(false)
  })
  it('addresses of mail and web', () => {
    expect(parseEmail('lin＠gongsi.cn', field('email'))).toEqual({ ok: true, value: 'lin@gongsi.cn' })
    expect(parseEmail('lin', field('email'))).toEqual({ ok: false, error: '邮件地址写成 lin@gongsi.cn 的样子' })
    expect(parseUrl('www.gongsi.cn', field('url')).ok).toBe(true)
    expect(parseUrl('公司', field('url')).ok).toBe(false)
  })
  it('yes and no', () => {
    expect(parseBool('√')).toEqual({ ok: true, value: true })
    expect(parseBool('否')).toEqual({ ok: true, value: false })
    expect(parseBool('也许').ok).toBe(false)
  })
  it('choices by word or value, with their tone', () => {
    const info = field('enum', { label: '状态', options: [{ value: 'a', label: '甲', tone: 'good' }] })
    expect(parseEnum('甲', info)).toEqual({ ok: true, value: 'a' })
    expect(parseEnum('乙', info)).toEqual({ ok: false, error: '「状态」里没有「乙」' })
    expect(toneOfEnum('a', info)).toBe('good')
    expect(toneOfEnum('zz', info)).toBe(null)
  })
})
