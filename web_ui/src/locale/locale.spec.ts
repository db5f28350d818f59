import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { en } from './en'
import { i18n, t } from './index'

const SRC = join(import.meta.dirname, '..')
const files = readdirSync(SRC, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.(ts|vue)$/.test(entry.name) && !/\.spec\.ts$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name))
  .filter((path) => !relative(SRC, path).startsWith('locale'))

/** t('…') with a key written out; keys that are put together cannot be translated */
const CALL = /(?<![\w.$])t\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/gs
function keysOf(source: string): string[] {
  return [...source.matchAll(CALL)].map((match) => (match[2] ?? '').replace(/\\(.)/g, '$1'))
}
const keys = new Set(files.flatMap((path) => keysOf(readFileSync(path, 'utf8'))))
const placeholders = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? '').sort()

afterEach(() => { i18n.global.locale.value = 'zh-CN' })

describe('the catalogue', () => {
  it('shows the Chinese key itself, with its values', () => {
    expect(t('删除 {n} 个客户', { n: 3 })).toBe('删除 3 个客户')
    expect(t('没有这句话。真的')).toBe('没有这句话。真的')
  })
  it('shows English when asked', () => {
    i18n.global.locale.value = 'en'
    expect(t('登录')).toBe('Sign in')
    expect(t('{n} 秒后可以再试', { n: 5 })).toBe('Try again in 5 s')
  })
  it('has English for every sentence of the program', () => {
    expect([...keys].filter((key) => !(key in en)).sort()).toEqual([])
  })
  it('keeps the placeholders', () => {
    expect(Object.entries(en).filter(([chinese, english]) => placeholders(chinese).join() !== placeholders(english).join())).toEqual([])
  })
  it('has no sentence that nobody says any more', () => {
    expect(Object.keys(en).filter((key) => !keys.has(key))).toEqual([])
  })
  it('has no key that the message syntax would take apart', () => {
    expect([...keys].filter((key) => /[@|]/.test(key) || /\{(?!\w+\})/.test(key))).toEqual([])
  })
})

describe('words on the screen', () => {
  // pinyin table, lunar calendar, and what users type into date, number and yes-no fields: Chinese in every language
  const EXEMPT = /composables\/(pinyin|dates)\.ts$|fields\/(shared|bool|datetime|birthday)\/\w+\.ts$/
  it('all go through t()', () => {
    const bare: string[] = []
    for (const path of files.filter((file) => !EXEMPT.test(file))) {
      const source = readFileSync(path, 'utf8')
        .replace(/\/\*[\s\S]*?\*\//g, '').replace(/<!--[\s\S]*?-->/g, '').replace(/(^|[\s;{}(,])\/\/[^\n]*/g, '$1')
        .replace(CALL, 't(')
      source.split('\n').forEach((line) => { if (/\p{Script=Han}/u.test(line)) bare.push(`${relative(SRC, path)}: ${line.trim().slice(0, 100)}`) })
    }
    expect(bare).toEqual([])
  })
})
